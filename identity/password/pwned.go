package password

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // the breach service is asked by SHA-1 prefix
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
)

//go:embed common.txt
var commonList string

// common is the bundled list of common passwords, lower case, one per line.
var common = sync.OnceValue(func() map[string]struct{} {
	words := strings.Fields(commonList)
	set := make(map[string]struct{}, len(words))
	for _, w := range words {
		set[w] = struct{}{}
	}
	return set
})

func isCommon(password string) bool {
	_, found := common()[strings.ToLower(password)]
	return found
}

// Checker is Policy.Check with the online breach check, if Client is set. The check is bounded by the client's
// timeout and fails open with a log line: a breach service that is down must not stop people from signing up.
type Checker struct {
	Client   *http.Client // nil: bundled list only
	Endpoint string       // prefix of the range query; empty: the public "Pwned Passwords" service
	Log      *slog.Logger // may be nil
}

const publicRange = "https://api.pwnedpasswords.com/range/"

// Check returns why the password is rejected; nil means it is accepted.
func (c Checker) Check(ctx context.Context, p Policy, password string, user UserInfo) []Issue {
	issues := p.Check(password, user)
	if c.Client == nil || !p.Rejects.Pwned || isCommon(password) {
		return issues
	}
	found, err := c.breached(ctx, password)
	if err != nil {
		if c.Log != nil {
			c.Log.WarnContext(ctx, "password breach check skipped", "error", err)
		}
		return issues
	}
	if found {
		issues = append(issues, Issue{Code: Pwned})
	}
	return issues
}

// maxRange bounds the answer of the breach service; the largest real one is about 40 kB (80 kB padded).
const maxRange = 512 << 10

// breached asks with the first 5 of 40 hex digits of the password's SHA-1 (k-anonymity), padded.
func (c Checker) breached(ctx context.Context, password string) (bool, error) {
	endpoint := c.Endpoint
	if endpoint == "" {
		endpoint = publicRange
	}
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	digest := strings.ToUpper(hex.EncodeToString(sum[:]))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+digest[:5], nil)
	if err != nil {
		return false, fmt.Errorf("ask breach service: %w", err)
	}
	req.Header.Set("Add-Padding", "true")
	resp, err := c.Client.Do(req)
	if err != nil {
		return false, fmt.Errorf("ask breach service: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return false, fmt.Errorf("ask breach service: status %d", resp.StatusCode)
	}
	lines := bufio.NewScanner(io.LimitReader(resp.Body, maxRange))
	for lines.Scan() {
		suffix, times, _ := strings.Cut(lines.Text(), ":")
		if strings.EqualFold(strings.TrimSpace(suffix), digest[5:]) {
			return strings.TrimSpace(times) != "0", nil // padding entries have a count of 0
		}
	}
	if err := lines.Err(); err != nil {
		return false, fmt.Errorf("read breach service: %w", err)
	}
	return false, nil
}
