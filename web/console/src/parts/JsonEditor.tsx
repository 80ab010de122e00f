import { json, jsonParseLinter } from "@codemirror/lang-json";
import { linter } from "@codemirror/lint";
import type { ComponentProps } from "react";
import { Editor } from "./Editor.tsx";

const extensions = [json(), linter(jsonParseLinter(), { delay: 400 })];

/** An editor of JSON that marks where it is none. */
const JsonEditor = (props: Omit<ComponentProps<typeof Editor>, "extensions">) => <Editor {...props} extensions={extensions} />;

export default JsonEditor;
