/** Calls about people: users, and one's own account. */

import { ask } from "./client";
import type { components } from "./schema";
import type { Role } from "./types";

type Schemas = components["schemas"];

export const people = {
  session: () => ask("get", "/api/v1/session"),
  users: () => ask("get", "/api/v1/users"),
  addUser: (body: Schemas["NewUser"]) => ask("post", "/api/v1/users", { body }),
  putRole: (user: string, role: Role) => ask("put", "/api/v1/users/{user}/role", { at: { user }, body: { role } }),
  putRights: (user: string, body: Schemas["RightsBody"]) => ask("put", "/api/v1/users/{user}/rights", { at: { user }, body }),
  putDisabled: (user: string, disabled: boolean) => ask("put", "/api/v1/users/{user}/disabled", { at: { user }, body: { disabled } }),
  putPassword: (user: string, password: string) => ask("put", "/api/v1/users/{user}/password", { at: { user }, body: { password } }),
  endSessions: (user: string) => ask("delete", "/api/v1/users/{user}/sessions", { at: { user } }),
  removeSecondFactor: (user: string) => ask("delete", "/api/v1/users/{user}/second-factor", { at: { user } }),
  removeUser: (user: string) => ask("delete", "/api/v1/users/{user}", { at: { user } }),
  putDemands: (roles: Role[]) => ask("put", "/api/v1/second-factor", { body: { roles } }),
  putGroup: (group: string, cameras: string[]) => ask("put", "/api/v1/groups/{group}", { at: { group }, body: { cameras } }),
  removeGroup: (group: string) => ask("delete", "/api/v1/groups/{group}", { at: { group } }),
  account: () => ask("get", "/api/v1/account"),
  changePassword: (body: Schemas["PasswordChange"]) => ask("put", "/api/v1/account/password", { body, quiet: true }),
  sessions: () => ask("get", "/api/v1/account/sessions"),
  endSession: (session: string) => ask("delete", "/api/v1/account/sessions/{session}", { at: { session } }),
  endOtherSessions: () => ask("delete", "/api/v1/account/sessions"),
  beginSecondFactor: (body: Schemas["Confirmation"]) => ask("post", "/api/v1/account/second-factor", { body, quiet: true }),
  confirmSecondFactor: (body: Schemas["Code"]) => ask("put", "/api/v1/account/second-factor", { body, quiet: true }),
  removeOwnSecondFactor: (body: Schemas["Confirmation"]) => ask("post", "/api/v1/account/second-factor/remove", { body, quiet: true }),
  tokens: () => ask("get", "/api/v1/account/tokens"),
  makeToken: (body: Schemas["NewToken"]) => ask("post", "/api/v1/account/tokens", { body, quiet: true }),
  revokeToken: (token: string) => ask("delete", "/api/v1/account/tokens/{token}", { at: { token } }),
};
