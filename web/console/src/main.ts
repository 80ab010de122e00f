import { speak } from "./text.ts";

// All of the console comes after its language: index.html has it loaded beforehand (vite/beginning.ts).
void speak().then(() => import("./draw.tsx"));
