import type { Translation } from "../../text.ts";

export default {
  setup: {
    title: "Ersten Administrator anlegen",
    lead: "Diesem Konto wird Gatehouse gehören. Es kann nur einmal angelegt werden.",
    secret: "Admin-Secret",
    secretHint: "Oder öffnen Sie den ganzen Einrichtungslink, den Gatehouse beim ersten Start ausgegeben hat.",
    show: "Eingabe anzeigen",
    username: "Benutzername",
    usernameRule: "Buchstaben, Ziffern und Unterstriche; das erste Zeichen ist keine Ziffer",
    password: "Passwort",
    passwordHint: "Mindestens acht Zeichen.",
    create: "Administrator anlegen",
    weak: "Dieses Passwort ist zu leicht zu erraten. Nehmen Sie mindestens acht Zeichen, ohne Zeichenfolgen und bekannte Wörter.",
    doneTitle: "Sie sind der Administrator",
    doneLead: "{name} gehört dieses Gatehouse jetzt und kann sich auch in jeder Anwendung anmelden.",
    open: "Konsole öffnen",
  },
} satisfies Translation;
