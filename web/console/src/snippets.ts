import type { ApplicationType } from "../../api/management.ts";
import { browser } from "./snippets/browser.ts";
import { anywhere, machine } from "./snippets/machine.ts";
import { native } from "./snippets/native.ts";
import { server } from "./snippets/server.ts";
import type { Snippet } from "./snippets/values.ts";

// The shortest program per framework that signs somebody in and asks the data API something.
const all: Snippet[] = [...browser, ...server, ...native, ...machine, ...anywhere];

/** Those of the frameworks most begin with. */
export const snippets: Snippet[] = all.filter((snippet) => snippet.isMain);

/** All of them for a type of application. */
export const snippetsFor = (type: ApplicationType): Snippet[] => all.filter((snippet) => snippet.types.includes(type));
