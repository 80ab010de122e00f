import { texts } from "../../text.ts";

/** Words several pages of identity share. */
export const t = texts("identity", {
  name: "Name",
  description: "Description",
  general: "General",
  actions: "Actions",
  never: "never",
  gone: "There is nothing here",
  goneText: "Nothing has the ID {id}, or not any more.",
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
