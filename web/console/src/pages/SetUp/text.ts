import { texts } from "../../text.ts";

export const t = texts("setup", {
  title: "Create the first administrator",
  lead: "This account will own Gatehouse. It can be created once.",
  secret: "Admin secret",
  secretHint: "Or open the whole set-up link that Gatehouse printed at its first start.",
  show: "Show what is typed",
  username: "Username",
  usernameRule: "Letters, digits and underscores, not beginning with a digit",
  password: "Password",
  passwordHint: "Eight or more characters.",
  create: "Create administrator",
  weak: "This password is too easy to guess. Use eight or more characters, without sequences or known words.",
  doneTitle: "You are the administrator",
  doneLead: "{name} owns this Gatehouse now, and can sign in with it in any application too.",
  open: "Open the console",
});
