package admin

import (
	"errors"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/fault"
	"gatehouse/engine/metadata"
)

var (
	namesSecret = regexp.MustCompile(`(?i)passw(or)?d|secret`)
	// holdsSecret finds connection strings in a literal, by keywords or as a URL, and SQL or JSON that names a password.
	holdsSecret = regexp.MustCompile(`(?i)passw(or)?d|secret|://\S*@`)
)

// withoutSecretLiterals is SQL as those may read it who may not see secrets: literals that follow the name of one, as in alter role …
// password '…', or may hold one, are masked. It rather masks too much: nothing runs what comes of it.
func withoutSecretLiterals(sql string) string {
	var b strings.Builder
	isSecret, isNamed := false, false // the next literal is a secret; the last one may be its name, as in set_config('a.secret', '…')
	for s := (sqlScanner{rest: sql}); ; {
		before := s.rest
		if !s.next() {
			b.WriteString(before)
			return b.String()
		}
		text := s.from[:len(s.from)-len(s.rest)]
		b.WriteString(before[:len(before)-len(s.from)]) // blanks and comments
		isLiteral := s.word == "'" || len(text) > len(s.word) && s.word != `"`
		switch {
		case isLiteral && (isSecret || holdsSecret.MatchString(text)):
			text, isSecret, isNamed = "'"+metadata.Mask+"'", false, !isSecret
		case isLiteral:
		case s.word == "," && isNamed:
			isSecret, isNamed = true, false
		case strings.Contains(";,)", s.word), strings.EqualFold(s.word, "null"):
			isSecret, isNamed = false, false
		case namesSecret.MatchString(text):
			isSecret = true
		}
		b.WriteString(text)
	}
}

// withoutValues is an error without what Postgres says, which may quote values; of rows its code is all that is told.
func withoutValues(err error, isOfRows bool) error {
	var f *fault.Error
	var pgErr *pgconn.PgError
	told := fault.Unexpected
	if errors.As(err, &f) {
		if told = f.Code; !isOfRows {
			told += " at " + f.Path + ": " + f.Message
		}
	}
	if errors.As(err, &pgErr) {
		told += " (SQLSTATE " + pgErr.Code + ")"
	}
	return errors.New(told)
}
