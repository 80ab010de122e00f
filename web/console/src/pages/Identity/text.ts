import { texts } from "../../text.ts";

/** Words several pages of identity share. */
export const t = texts("identity", {
  name: "Name",
  description: "Description",
  general: "General",
  actions: "Actions",
  never: "never",
  delete: "Delete",
  remove: "Remove",
  edit: "Edit",
  saved: "Saved",
  required: "This is required.",
  readOnly: "You may read this, not change it.",
  none: "None",
  id: "ID",
  create: "Create",
  add: "Add",
  resources: "API Resources",
  roles: "Roles",
  users: "Users",
  applications: "Applications",
  seconds: "seconds",
  more: "More",
  json: "This is not a JSON object: {problem}",
});
