// Package password decides whether a new password is good enough. It is pure except for the optional online
// breach check, and it never sees a stored hash.
package password

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"
)

// Policy is what a new password must meet (Logto's passwordPolicy).
type Policy struct {
	Length struct {
		Min int `json:"min"`
		Max int `json:"max"`
	} `json:"length"`
	CharacterTypes struct {
		Min int `json:"min"` // of lower case, upper case, digits, symbols
	} `json:"characterTypes"`
	Rejects struct {
		Pwned                 bool     `json:"pwned"`
		RepetitionAndSequence bool     `json:"repetitionAndSequence"`
		UserInfo              bool     `json:"userInfo"`
		Words                 []string `json:"words"`
	} `json:"rejects"`
}

// DefaultPolicy is the policy where nothing is configured.
func DefaultPolicy() Policy {
	var p Policy
	p.Length.Min, p.Length.Max = 8, 256
	p.CharacterTypes.Min = 1
	p.Rejects.Pwned, p.Rejects.RepetitionAndSequence, p.Rejects.UserInfo = true, true, true
	return p
}

// ParsePolicy reads a policy document; what it leaves out has its default.
func ParsePolicy(raw json.RawMessage) (Policy, error) {
	p := DefaultPolicy()
	if len(raw) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, fmt.Errorf("read password policy: %w", err)
	}
	return p, nil
}

// UserInfo is what is known of whose password it is.
type UserInfo struct{ Name, Username, Email, Phone string }

// Issue is one reason to reject a password, as the data of Logto's 422 password.rejected lists it.
type Issue struct {
	Code          string         `json:"code"`
	Interpolation map[string]any `json:"interpolation,omitempty"`
}

// Codes of issues.
const (
	TooShort              = "password_rejected.too_short"
	TooLong               = "password_rejected.too_long"
	CharacterTypes        = "password_rejected.character_types"
	UnsupportedCharacters = "password_rejected.unsupported_characters"
	Pwned                 = "password_rejected.pwned"
	Repetition            = "password_rejected.restricted.repetition"
	Sequence              = "password_rejected.restricted.sequence"
	RestrictedUserInfo    = "password_rejected.restricted.user_info"
	RestrictedWords       = "password_rejected.restricted.words"
)

// Check returns why the password is rejected, in Logto's order; nil means it is accepted. It knows the bundled list
// of common passwords only; Checker adds the online check.
func (p Policy) Check(password string, user UserInfo) []Issue {
	issues := p.basics(password)
	if p.Rejects.Pwned && isCommon(password) {
		issues = append(issues, Issue{Code: Pwned})
	}
	return append(issues, p.restricted(password, user)...)
}

// symbols are the special characters a password may have; a space is not among them.
const symbols = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"

// basics checks length and kinds of characters. Lengths count UTF-16 units, as the sign-in page does.
func (p Policy) basics(password string) []Issue {
	var issues []Issue
	switch n := len(utf16.Encode([]rune(password))); {
	case n < p.Length.Min:
		issues = append(issues, Issue{TooShort, map[string]any{"min": p.Length.Min}})
	case n > p.Length.Max:
		issues = append(issues, Issue{TooLong, map[string]any{"max": p.Length.Max}})
	}
	kinds := map[string]bool{}
	for _, r := range password {
		switch {
		case r >= 'a' && r <= 'z':
			kinds["lower"] = true
		case r >= 'A' && r <= 'Z':
			kinds["upper"] = true
		case r >= '0' && r <= '9':
			kinds["digit"] = true
		case strings.ContainsRune(symbols, r):
			kinds["symbol"] = true
		default:
			return append(issues, Issue{Code: UnsupportedCharacters})
		}
	}
	if len(kinds) < p.CharacterTypes.Min {
		issues = append(issues, Issue{CharacterTypes, map[string]any{"min": p.CharacterTypes.Min}})
	}
	return issues
}

// A run of at least this many characters counts as a repetition or a sequence.
const minRun = 3

// A password with more than this many characters outside of restricted phrases is accepted all the same: what is
// asked for is enough of something else, not the absence of every "123".
const tolerance = 3

// restricted marks every character that belongs to a repetition, a sequence, a listed word or the user's own data,
// and reports the kinds found when too little is left unmarked.
func (p Policy) restricted(password string, user UserInfo) []Issue {
	lower := []rune(strings.ToLower(password))
	if len(lower) > p.Length.Max { // already too long; the marking is quadratic
		return nil
	}
	marked := make([]bool, len(lower))
	var found []Issue
	mark := func(start, length int, code string) {
		if length == 0 {
			return
		}
		for i := start; i < start+length; i++ {
			marked[i] = true
		}
		for _, f := range found {
			if f.Code == code {
				return
			}
		}
		found = append(found, Issue{Code: code})
	}
	phrases := userPhrases(user)
	for i := range lower {
		rest := lower[i:]
		if p.Rejects.RepetitionAndSequence {
			mark(i, repetition(rest), Repetition)
			mark(i, sequence(rest), Sequence)
		}
		mark(i, longestPrefix(rest, p.Rejects.Words), RestrictedWords)
		if p.Rejects.UserInfo {
			mark(i, longestPrefix(rest, phrases), RestrictedUserInfo)
		}
	}
	total := 0
	for _, m := range marked {
		if m {
			total++
		}
	}
	if total <= max(1, len(lower)-tolerance) {
		return nil
	}
	return found
}

func repetition(s []rune) int {
	n := 0
	for n < len(s) && s[n] == s[0] {
		n++
	}
	if n < minRun {
		return 0
	}
	return n
}

// rows are the orders of characters in which neighbours make a sequence, forwards or backwards: digits, alphabet,
// and the rows and columns of a keyboard.
var rows = withReverse(
	"0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm",
	"1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik", "9ol",
)

func withReverse(rows ...string) []string {
	for _, row := range rows {
		r := []rune(row)
		for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
			r[i], r[j] = r[j], r[i]
		}
		rows = append(rows, string(r))
	}
	return rows
}

func sequence(s []rune) int {
	n := 1
	for n < len(s) && inARow(string(s[:n+1])) {
		n++
	}
	if n < minRun {
		return 0
	}
	return n
}

func inARow(s string) bool {
	for _, row := range rows {
		if strings.Contains(row, s) {
			return true
		}
	}
	return false
}

// longestPrefix is the length of the longest phrase that s starts with; letter case does not matter.
func longestPrefix(s []rune, phrases []string) int {
	longest := 0
	for _, phrase := range phrases {
		r := []rune(strings.ToLower(phrase))
		if len(r) > longest && len(r) <= len(s) && string(s[:len(r)]) == string(r) {
			longest = len(r)
		}
	}
	return longest
}

// userPhrases are the user's name as a whole, without its spaces and word by word, the username, the part of the
// e-mail address before the @, and the phone number.
func userPhrases(u UserInfo) []string {
	mailbox, _, _ := strings.Cut(u.Email, "@")
	words := strings.Fields(u.Name)
	return append(words, u.Name, strings.Join(words, ""), u.Username, mailbox, u.Phone)
}
