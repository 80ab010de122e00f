import { expect, it } from "vitest";
import { csvOf } from "./csv.ts";

it("writes a line for each entry, quotes what has to be, and leaves no formula", () => {
  const log = {
    id: "a",
    key: "Interaction.SignIn.Submit",
    createdAt: 0,
    payload: { result: "Success" as const, userAgent: '=HYPERLINK("x")', ip: "::1" },
  };
  const [heading, line, end] = csvOf([log]).split("\r\n");
  expect(heading).toMatch(/^id,time,event,result,/);
  expect(line).toBe(
    `a,1970-01-01T00:00:00.000Z,Interaction.SignIn.Submit,Success,,,,::1,"'=HYPERLINK(""x"")",,,"{""result"":""Success"",""userAgent"":""=HYPERLINK(\\""x\\"")"",""ip"":""::1""}"`,
  );
  expect(end).toBeUndefined();
});
