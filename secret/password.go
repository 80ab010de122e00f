package secret

import (
	"context"
	"crypto/md5" //nolint:gosec // verifies imported hashes only; upgraded on the first sign-in
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // as md5
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"runtime"
	"strconv"
	"strings"

	argon2d "github.com/go-crypt/x/argon2"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// The password hash algorithms, in Logto's words.
const (
	Argon2i  = "Argon2i"
	Argon2id = "Argon2id"
	Argon2d  = "Argon2d"
	SHA1     = "SHA1"
	SHA256   = "SHA256"
	MD5      = "MD5"
	Bcrypt   = "Bcrypt"
	Legacy   = "Legacy"
)

// PasswordHash is a stored password: Digest is what Algorithm makes of it, with its parameters.
type PasswordHash struct {
	Algorithm string
	Digest    string
}

// IsQuick tells whether a guess costs next to nothing: the digest of one pass, as some import them.
func (h PasswordHash) IsQuick() bool {
	switch h.Algorithm {
	case SHA1, SHA256, MD5, Legacy:
		return true
	}
	return false
}

// Parameters of new hashes: argon2id, 19 MiB, 2 passes, one lane (OWASP's first recommendation).
const (
	argonMemory  = 19 * 1024 // KiB
	argonPasses  = 2
	argonLanes   = 1
	argonKeySize = 32
	maxPassword  = 4096 // bytes; longer ones are refused before any hashing
)

// hashing bounds concurrent hashing to the cores, so that a burst of sign-ins queues here instead of starving
// every other request.
var hashing = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)))

// ErrPasswordTooLong is returned for passwords over 4096 bytes.
var ErrPasswordTooLong = errors.New("password is too long")

// HashPassword hashes a password with argon2id. It waits for a free core, or for ctx.
func HashPassword(ctx context.Context, password string) (PasswordHash, error) {
	if len(password) > maxPassword {
		return PasswordHash{}, ErrPasswordTooLong
	}
	release, err := slot(ctx)
	if err != nil {
		return PasswordHash{}, err
	}
	defer release()
	salt := Bytes(16)
	key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKeySize)
	return PasswordHash{Algorithm: Argon2id, Digest: fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		argonMemory, argonPasses, argonLanes, base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))}, nil
}

func slot(ctx context.Context) (release func(), err error) {
	select {
	case hashing <- struct{}{}:
		return func() { <-hashing }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a hashing slot: %w", ctx.Err())
	}
}

// VerifyPassword tells whether password matches h, and whether h should be replaced by a new hash because its algorithm
// or parameters are weaker than today's. An error means that h itself cannot be read.
func VerifyPassword(ctx context.Context, password string, h PasswordHash) (ok, upgrade bool, err error) {
	if len(password) > maxPassword {
		return false, false, nil
	}
	release, err := slot(ctx)
	if err != nil {
		return false, false, err
	}
	defer release()
	switch h.Algorithm {
	case Argon2id, Argon2i, Argon2d:
		ok, upgrade, err = verifyArgon2(password, h.Digest)
	case Bcrypt:
		err = bcrypt.CompareHashAndPassword([]byte(h.Digest), []byte(password))
		if ok, upgrade = err == nil, true; errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) || errors.Is(err, bcrypt.ErrPasswordTooLong) {
			err = nil
		}
	case SHA1:
		ok, upgrade = equalHex(sha1.New, password, h.Digest), true
	case SHA256:
		ok, upgrade = equalHex(sha256.New, password, h.Digest), true
	case MD5:
		ok, upgrade = equalHex(md5.New, password, h.Digest), true
	case Legacy:
		ok, err = verifyLegacy(password, h.Digest)
		upgrade = true
	default:
		err = fmt.Errorf("unsupported password algorithm %q", h.Algorithm)
	}
	if err != nil {
		return false, false, fmt.Errorf("verify password: %w", err)
	}
	return ok, ok && upgrade, nil
}

// verifyArgon2 reads the PHC string format, $argon2id$v=19$m=…,t=…,p=…$salt$hash. golang.org/x/crypto has no argon2d;
// a fork of it has, and is used for that variant alone.
func verifyArgon2(password, digest string) (ok, upgrade bool, err error) {
	parts := strings.Split(digest, "$")
	if len(parts) != 6 || parts[0] != "" || parts[2] != "v=19" {
		return false, false, errors.New("malformed argon2 digest")
	}
	memory, passes, lanes, err := argonParameters(parts[3])
	if err != nil {
		return false, false, err
	}
	salt, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[4], "="))
	if err != nil {
		return false, false, errors.New("malformed argon2 salt")
	}
	want, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[5], "="))
	if err != nil || len(want) < 16 || len(want) > 128 {
		return false, false, errors.New("malformed argon2 hash")
	}
	var got []byte
	switch parts[1] {
	case "argon2id":
		got = argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(want)))
	case "argon2i":
		got = argon2.Key([]byte(password), salt, passes, memory, lanes, uint32(len(want)))
	case "argon2d":
		got = argon2d.DKey([]byte(password), salt, passes, memory, uint32(lanes), uint32(len(want)))
	default:
		return false, false, fmt.Errorf("unsupported argon2 variant %q", parts[1])
	}
	upgrade = parts[1] != "argon2id" || memory < argonMemory || passes < argonPasses
	return subtle.ConstantTimeCompare(got, want) == 1, upgrade, nil
}

// argonParameters bounds what an imported digest may ask for: 256 MiB, 64 passes, 16 lanes.
func argonParameters(s string) (memory, passes uint32, lanes uint8, err error) {
	for _, kv := range strings.Split(s, ",") {
		k, v, _ := strings.Cut(kv, "=")
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil {
			return 0, 0, 0, errors.New("malformed argon2 parameters")
		}
		switch {
		case k == "m" && n <= 256*1024:
			memory = uint32(n)
		case k == "t" && n >= 1 && n <= 64:
			passes = uint32(n)
		case k == "p" && n >= 1 && n <= 16:
			lanes = uint8(n)
		default:
			return 0, 0, 0, errors.New("argon2 parameters out of bounds")
		}
	}
	if memory == 0 || passes == 0 || lanes == 0 {
		return 0, 0, 0, errors.New("argon2 parameters missing")
	}
	return memory, passes, lanes, nil
}

func equalHex(newHash func() hash.Hash, password, digest string) bool {
	h := newHash()
	_, _ = h.Write([]byte(password))
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(h.Sum(nil))), []byte(strings.ToLower(digest))) == 1
}

// verifyLegacy reads Logto's "Legacy" digests, a JSON array ["algorithm", [arguments], "expected"] where the argument
// "@" stands for the password and any other string for a salt put before or after it, by its place; and
// ["pbkdf2", [salt, iterations, key length, digest], "expected"].
func verifyLegacy(password, digest string) (bool, error) {
	var parts []json.RawMessage
	var algorithm, want string
	var args []string
	if json.Unmarshal([]byte(digest), &parts) != nil || len(parts) != 3 ||
		json.Unmarshal(parts[0], &algorithm) != nil || json.Unmarshal(parts[1], &args) != nil || json.Unmarshal(parts[2], &want) != nil {
		return false, errors.New("malformed legacy digest")
	}
	hashes := map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
	if algorithm == "pbkdf2" {
		return verifyPBKDF2(password, args, want, hashes)
	}
	newHash, known := hashes[algorithm]
	if !known {
		return false, fmt.Errorf("unsupported legacy algorithm %q", algorithm)
	}
	var input strings.Builder
	placed := false
	for _, a := range args {
		if a == "@" {
			a, placed = password, true
		}
		input.WriteString(a)
	}
	if !placed {
		input.WriteString(password)
	}
	return equalHex(newHash, input.String(), want), nil
}

func verifyPBKDF2(password string, args []string, want string, hashes map[string]func() hash.Hash) (bool, error) {
	if len(args) < 4 {
		return false, errors.New("malformed pbkdf2 digest")
	}
	iterations, err1 := strconv.Atoi(args[1])
	size, err2 := strconv.Atoi(args[2])
	newHash, known := hashes[args[3]]
	if err1 != nil || err2 != nil || !known || iterations < 1 || iterations > 2_000_000 || size < 16 || size > 128 {
		return false, errors.New("pbkdf2 parameters out of bounds")
	}
	key, err := pbkdf2.Key(newHash, password, []byte(args[0]), iterations, size)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(key)), []byte(strings.ToLower(want))) == 1, nil
}
