import { texts } from "../../text.ts";

export const t = texts("api", {
  title: "GraphQL",
  loading: "Loading the editor…",
  viewAs: "View as",
  admin: "admin",
  roleHint: "Pick or type a role",
  variables: "Session variables",
  variablesHint: "As the data API would know them; a role's filters read them.",
  add: "Add a variable",
  remove: "Remove {name}",
  name: "Name",
  value: "Value",
  none: "none",
  some: { one: "{count} variable", other: "{count} variables" },
  explain: "Explain",
  explainTitle: "How it is answered",
  explainNothing: "Write an operation first.",
  explainField: "Field {name}",
  sql: "SQL",
  plan: "Plan",
  defaultQuery: "# Ctrl-Space completes, Ctrl-Enter runs. The book on the left is the schema.\n{\n  __typename\n}\n",
});
