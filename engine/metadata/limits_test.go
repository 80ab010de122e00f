package metadata_test

import (
	"testing"
	"time"

	"gatehouse/engine/metadata"
)

// longest is the longest time that a limit may name.
const longest = time.Duration(1 << 62)

func TestLimits_timeIsReadAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "0.3": 300 * time.Millisecond, "5": 5 * time.Second, "1e1": 10 * time.Second, "1e-999": 0,
		"1e11": longest, "1e999": longest, "9e400": longest,
	} {
		m, err := metadata.Decode([]byte(`{"version":3,"sources":[],"api_limits":{"time_limit":{"global":`+text+`}}}`), "$", false)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := m.Limits().Time.Of("user"); got.Problem != "" || got.Value != want {
			t.Errorf("%s: got %v, want %s", text, got, want)
		}
	}
}
