package server

import (
	"slices"
	"testing"

	"gatehouse/engine/session"
	"gatehouse/identity/directory"
)

// Every operation of the console is one half's, and what a membership opens on the data half follows from it.
func TestScopesOf(t *testing.T) {
	t.Parallel()
	for _, op := range directory.AllOperations {
		if _, isData := scopeOf[op]; isData == directory.IdentityOperations.Has(op) {
			t.Errorf("%s is both halves', or neither's", op)
		}
	}
	for role, want := range map[string][]session.Scope{
		directory.ConsoleOwner: {
			session.ScopeGraphQL, session.ScopeMetadata, session.ScopeMetadataRead, session.ScopeSQL, session.ScopeSources, session.ScopeOperations,
		},
		directory.ConsoleDeveloper: {session.ScopeGraphQL, session.ScopeMetadata, session.ScopeMetadataRead, session.ScopeSQL, session.ScopeOperations},
		directory.ConsoleSupport:   {},
		"anything else":            {},
	} {
		got := scopesOf(directory.OperationsOf(role))
		if slices.Sort(got); got == nil || !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s opens %v, want %v; nil would open everything", role, got, want)
		}
	}
}
