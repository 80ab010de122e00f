package admin

import "testing"

func TestRefuseCopy(t *testing.T) {
	for sql, isRefused := range map[string]bool{
		`copy t from stdin`: true,
		`select 1; COPY t (a, b) FROM STDIN (format csv)`: true,
		`/* x /* y */ ; */ copy (select 1) to stdout`:     true,
		"-- no\n;;copy t\nfrom\nstdin":                    true,
		`select e'\''; copy t to stdout`:                  true,
		`copy t from '/stdin'`:                            false,
		`copy stdin.t from '/a'`:                          true, // a name that nobody has
		`copy "stdin" from '/a'`:                          false,
		`select 'copy t from stdin'`:                      false,
		`select $$; copy t from stdin; $$`:                false,
		`select $a$; copy t from stdin; $b$ $a$`:          false,
		`select $1; -- copy t from stdin`:                 false,
		`create table copy (stdin int)`:                   false,
		`select copy from stdin`:                          false,
		`select '; copy t from stdin`:                     false,
		``:                                                false,
	} {
		if err := refuseCopy(sql); (err != nil) != isRefused {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
