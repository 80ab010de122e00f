import { useHandleSignInCallback } from "@logto/react";

export function Callback() {
  const { error } = useHandleSignInCallback(() => window.location.replace("/"));
  return error ? <p role="alert">Sign-in failed: {error.message}</p> : <p>Signing in…</p>;
}
