package metadata

import "strings"

// cronSchedule refuses what Hasura's parser of cron expressions refuses, in its words (Hasura: FromJSON of CronSchedule;
// packages cron 0.7 and attoparsec): five fields with one space between them, or a name for a common schedule. A field is
// "*", a number or a range, each with a step, or a list of such without steps.
func cronSchedule(r *reader, n *node) {
	schedule := text.read(r, n)
	if r.err != nil {
		return
	}
	p := &cronParser{rest: schedule}
	if problem := p.schedule(); problem != "" {
		r.fail("%s", problem)
	}
}

var (
	cronNames  = []string{"@yearly", "@monthly", "@weekly", "@daily", "@hourly"}
	cronFields = []struct {
		what        string
		least, most int
	}{{"minutes", 0, 59}, {"hours", 0, 23}, {"day of month", 1, 31}, {"month", 1, 12}, {"day of week", 0, 7}}
)

// The parser library's own words.
const (
	cronNumberMissing = "Failed reading: takeWhile1"
	cronSpaceMissing  = "' ': Failed reading: satisfy"
	cronEnds          = "not enough input"
	cronGoesOn        = "endOfInput"
)

type cronParser struct{ rest string }

// schedule says what is wrong; "" when nothing is.
func (p *cronParser) schedule() string {
	for _, name := range cronNames {
		if rest, ok := strings.CutPrefix(p.rest, name); ok {
			p.rest = rest
			return p.end()
		}
	}
	for i, f := range cronFields {
		if i > 0 {
			switch {
			case p.rest == "":
				return "' ': " + cronEnds
			case !p.take(" "):
				return cronSpaceMissing
			}
		}
		numbers, ok := p.field()
		if !ok && p.rest == "" {
			return cronEnds
		}
		if !ok {
			return cronNumberMissing
		}
		for _, n := range numbers {
			if n < f.least || n > f.most {
				return "Failed reading: " + f.what + " out of range"
			}
		}
	}
	return p.end()
}

func (p *cronParser) end() string {
	if p.rest != "" {
		return cronGoesOn
	}
	return ""
}

// field takes as much as makes a field, and gives its numbers without the step.
func (p *cronParser) field() (numbers []int, ok bool) {
	if numbers, ok = p.base(); !ok {
		return nil, false
	}
	after := p.rest
	if p.take("/") {
		if step, ok := p.number(); ok && step > 0 {
			return numbers, true
		}
		p.rest = after
		return numbers, true
	}
	for p.take(",") {
		more, ok := p.base()
		if !ok {
			p.rest = after
			break
		}
		numbers, after = append(numbers, more...), p.rest
	}
	return numbers, true
}

// base takes "*", a number, or a range that goes up.
func (p *cronParser) base() (numbers []int, ok bool) {
	if p.take("*") {
		return nil, true
	}
	first, ok := p.number()
	if !ok {
		return nil, false
	}
	after := p.rest
	if p.take("-") {
		if last, ok := p.number(); ok && last >= first {
			return []int{first, last}, true
		}
		p.rest = after
	}
	return []int{first}, true
}

func (p *cronParser) take(s string) bool {
	rest, ok := strings.CutPrefix(p.rest, s)
	p.rest = rest
	return ok
}

func (p *cronParser) number() (n int, ok bool) {
	const most = 1_000_000 // nothing in a schedule is as large
	for p.rest != "" && p.rest[0] >= '0' && p.rest[0] <= '9' {
		n, ok = min(n*10+int(p.rest[0]-'0'), most), true
		p.rest = p.rest[1:]
	}
	return n, ok
}
