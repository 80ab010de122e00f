package identity_test

import "testing"

func TestCodeFlow(t *testing.T) {
	t.Parallel()
	w := newWing(t)
	tokens := w.tokens(spa)
	if a := w.userinfo(tokens["access_token"].(string)); a.status != 200 {
		t.Fatalf("userinfo: %d %s", a.status, a.body)
	}
	if a := w.refresh(spa, tokens["refresh_token"].(string), "resource", resource); a.status != 200 {
		t.Fatalf("refresh: %d %s", a.status, a.body)
	}
}
