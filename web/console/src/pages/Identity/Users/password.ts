const letters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"; // none that look like another

/** A password nobody could guess, without letters that are mistaken for others. */
export const generatePassword = (length = 16): string => {
  let made = "";
  while (made.length < length)
    for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
      const letter = byte < Math.floor(256 / letters.length) * letters.length ? letters[byte % letters.length] : undefined;
      if (letter !== undefined && made.length < length) made += letter;
    }
  return /[a-z]/.test(made) && /[A-Z]/.test(made) && /\d/.test(made) ? made : generatePassword(length);
};
