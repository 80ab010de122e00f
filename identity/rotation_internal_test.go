package identity

import (
	"strings"
	"testing"
	"time"
)

// A key list in short: "c C@20 p" is a current key, a next one due at 20, a previous one; without a mark it has no status.
func keysOf(text string) (keys []storedKey) {
	for _, word := range strings.Fields(text) {
		id, rest, _ := strings.Cut(word, ":")
		k := storedKey{ID: id}
		status, at, isDue := strings.Cut(rest, "@")
		k.Status = status
		if isDue {
			seconds := int64(len(at)) * 10
			k.EffectiveAt = &seconds
		}
		keys = append(keys, k)
	}
	return keys
}

func textOf(keys []storedKey) string {
	var words []string
	for _, k := range keys {
		word := k.ID + ":" + k.Status
		if k.EffectiveAt != nil {
			word += "@" + strings.Repeat("x", int(*k.EffectiveAt/10))
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestSettled_isWhatKeysAreAtATime(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ stored, want string }{
		"one key, as first made":       {"a", "a:Current"},
		"keys without a mark":          {"a b", "a:Current b:Previous"},
		"an older one without a mark":  {"a b:Current", "b:Current a:Previous"},
		"a next one that is not due":   {"a:Next@xxx b:Current c:Previous", "b:Current a:Next@xxx c:Previous"},
		"a next one whose time it is":  {"a:Next@xx b:Current", "a:Current b:Previous"},
		"one that nobody wrote down":   {"a:Next@x b:Current c:Previous", "a:Current b:Previous c:Previous"},
		"a next one without a time":    {"a:Next b:Current", "b:Current a:Next"},
		"the current one is not first": {"a:Previous b:Current", "b:Current a:Previous"},
	} {
		if got := textOf(settled(keysOf(c.stored), time.Unix(20, 0))); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestRotated_keepsOneNextAndOnePreviousAtMost(t *testing.T) {
	t.Parallel()
	due := int64(30)
	for name, c := range map[string]struct {
		keys string
		at   *int64
		want string
	}{
		"at once":                          {"a:Current", nil, "n:Current a:Previous"},
		"at once, the oldest goes":         {"b:Current a:Previous", nil, "n:Current b:Previous"},
		"at once, who waited goes":         {"b:Current w:Next@xxx a:Previous", nil, "n:Current b:Previous"},
		"later":                            {"a:Current", &due, "a:Current n:Next@xxx"},
		"later, the previous one stays":    {"b:Current a:Previous", &due, "b:Current n:Next@xxx a:Previous"},
		"later, instead of one who waited": {"b:Current w:Next@xxxx a:Previous", &due, "b:Current n:Next@xxx a:Previous"},
	} {
		if got := textOf(rotated(keysOf(c.keys), storedKey{ID: "n"}, c.at)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
