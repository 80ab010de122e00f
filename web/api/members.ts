import { part } from "./management.ts";
import { call } from "./request.ts";
import type { MemberRole, Person } from "./session.ts";

/** A member of the console; times are milliseconds. */
export type Member = { user: Person; role: MemberRole; since: number; lastSeen: number | null };

export const loadMembers = (): Promise<Member[]> => call("/console/api/members");
/** Makes a user a member, or gives a member another role. */
export const setMember = (userId: string, role: MemberRole): Promise<void> =>
  call(`/console/api/members/${part(userId)}`, { method: "PUT", body: { role } });
export const removeMember = (userId: string): Promise<void> => call(`/console/api/members/${part(userId)}`, { method: "DELETE" });
