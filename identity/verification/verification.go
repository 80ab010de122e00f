// Package verification proves things about a person: that they know a password, or that a new identity may be taken. One
// file per kind. A proof is a Record; what follows from it is decided by identity/experience, never here.
//
// It owns the lockout of guessed secrets and refuses to tell an unknown account from a wrong password, in words or in time.
package verification

import (
	"errors"
	"time"

	"gatehouse/identity/directory"
	"gatehouse/identity/password"
	"gatehouse/secret"
)

// Kinds of records, in Logto's words.
const (
	TypePassword            = "Password"
	TypeNewPasswordIdentity = "NewPasswordIdentity"
)

// Identifier names a person: by username, email or phone.
type Identifier struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Record is a proof. Fields beyond the first four never leave the process but for the interaction's own row.
type Record struct {
	ID         string     `json:"id"`
	Type       string     `json:"type"`
	Identifier Identifier `json:"identifier"`
	Verified   bool       `json:"verified"`
	// UserID is whom a Password record proves.
	UserID string `json:"userId,omitempty"`
	// Password is the hash a NewPasswordIdentity record brings.
	Password *secret.PasswordHash `json:"password,omitempty"`
}

// Why something could not be proven.
var (
	// ErrInvalidCredentials covers unknown accounts and wrong passwords alike.
	ErrInvalidCredentials = errors.New("invalid credentials")
	// ErrInvalidUsername says that a username does not meet the username policy.
	ErrInvalidUsername = errors.New("username does not meet the policy")
)

// Blocked says that there were too many attempts on an identifier.
type Blocked struct{ Until time.Time }

func (b *Blocked) Error() string { return "too many attempts" }

// Rejected says why a new password is not good enough.
type Rejected struct{ Issues []password.Issue }

func (r *Rejected) Error() string { return "password rejected" }

// Verifier makes records.
type Verifier struct {
	Directory *directory.Directory
	Passwords password.Checker
}
