// Package token makes what the provider hands out: claims by scope, ID tokens, JWT and opaque access tokens, and the
// rules of refresh-token rotation. It runs the operator's custom-claims script in a sandbox.
//
// It decides what is inside a token, never who may have one: that is identity/oidc, which calls it at the end of the
// sign-in line. It refuses to let a script touch a reserved claim, the file system, a private address or the clock of
// another request.
package token
