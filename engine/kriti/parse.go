package kriti

import "slices"

// expr is a node of the tree.
type expr interface{ at() Span }

type (
	// constant is null, a boolean, a number or a string without expressions in it.
	constant struct {
		Span
		value any
	}
	// interpolation is a string with expressions in it.
	interpolation struct {
		Span
		parts []expr
	}
	array struct {
		Span
		items []expr
	}
	object struct {
		Span
		keys   []string
		values []expr
	}
	variable struct {
		Span
		name string
	}
	// lookup is base.key or base[key]; isLink tells that base is a lookup written before it in the same chain.
	lookup struct {
		Span
		base, key          expr
		isOptional, isLink bool
	}
	call struct {
		Span
		function string
		argument expr
	}
	binary struct {
		Span
		operator    kind
		left, right expr
	}
	// choice is if, elif, …, else: conditions[i] chooses results[i]; the last result has none.
	choice struct {
		Span
		conditions, results []expr
	}
	loop struct {
		Span
		index, element string // index "" for _
		list, body     expr
	}
)

func (s Span) at() Span { return s }

type parser struct {
	tokens []token
	next   int
	depth  int
}

// maxDepth bounds how deep a template may be nested.
const maxDepth = 400

// reserved words do not begin an expression, except null.
var reserved = []string{"if", "elif", "else", "end", "range", "in"}

// prefix functions may be called without parentheses, as older templates do.
var prefix = []string{"not", "escapeUri"}

func (p *parser) peek(k kind) bool { return p.next < len(p.tokens) && p.tokens[p.next].kind == k }

func (p *parser) peekWord(word string) bool {
	return p.peek(identKind) && p.tokens[p.next].text == word
}

// wordAfter tells whether the token after the next is a word.
func (p *parser) wordAfter(word string) bool {
	return p.next+1 < len(p.tokens) && p.tokens[p.next+1].kind == identKind && p.tokens[p.next+1].text == word
}

func (p *parser) take(k kind) (token, error) {
	if !p.peek(k) {
		return token{}, p.unexpected()
	}
	p.next++
	return p.tokens[p.next-1], nil
}

func (p *parser) takeWord(word string) error {
	if !p.peekWord(word) {
		return p.unexpected()
	}
	p.next++
	return nil
}

// unexpected is the error at the next token. Its position is that of the template's last token, which is where Hasura's
// parser, having read all tokens before it begins, says it is.
func (p *parser) unexpected() error {
	span := Span{0, 1, 0, 1}
	if len(p.tokens) > 0 {
		span = p.tokens[len(p.tokens)-1].span
	}
	if p.next >= len(p.tokens) {
		return &Error{ParseError, "ParseError: Empty token stream.", span}
	}
	t := p.tokens[p.next]
	text := t.text
	if t.kind == textKind {
		text = `"` + text + `"`
	}
	return &Error{ParseError, "Unexpected token '" + text + "'.", span}
}

func (p *parser) template() (expr, error) {
	e, err := p.expression(0)
	if err == nil && p.next < len(p.tokens) {
		err = p.unexpected()
	}
	return e, err
}

// strength is how tightly operators bind; all but comparisons group to the right.
func strength(t token) int {
	switch {
	case t.kind == identKind && t.text == "in":
		return 1
	case t.kind == "||":
		return 2
	case t.kind == "&&":
		return 3
	case t.kind == "??":
		return 4
	case slices.Contains([]kind{"==", "!=", ">", "<", ">=", "<="}, t.kind):
		return comparison
	}
	return 0
}

const comparison = 5

// expression reads operators that bind at least as tightly as weakest.
func (p *parser) expression(weakest int) (expr, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, &Error{ParseError, "the template is nested too deeply", p.tokens[min(p.next, len(p.tokens)-1)].span}
	}
	defer func() { p.depth-- }()
	left, err := p.chain()
	if err != nil {
		return nil, err
	}
	for hasCompared := false; p.next < len(p.tokens); {
		t := p.tokens[p.next]
		s := strength(t)
		if s == 0 || s < weakest {
			break
		}
		if s == comparison && hasCompared { // a == b == c means nothing
			return nil, p.unexpected()
		}
		p.next++
		from := s
		if s == comparison {
			hasCompared, from = true, s+1
		}
		right, err := p.expression(from)
		if err != nil {
			return nil, err
		}
		op := t.kind
		if op == identKind {
			op = "in"
		}
		left = &binary{left.at().to(right.at()), op, left, right}
	}
	return left, nil
}

// chain reads an operand and the lookups behind it.
func (p *parser) chain() (expr, error) {
	e, err := p.operand()
	for isLink := false; err == nil; isLink = true {
		start := p.next
		isOptional := p.peek("?")
		if isOptional {
			p.next++
		}
		var key expr
		switch {
		case p.peek("."):
			p.next++
			var name token
			name, err = p.take(identKind)
			key = &constant{name.span, name.text}
		case p.peek("["):
			p.next++
			key, err = p.index()
		case isOptional:
			return nil, p.unexpected()
		default:
			p.next = start
			return e, nil
		}
		if err == nil {
			e = &lookup{e.at().to(p.tokens[p.next-1].span), e, key, isOptional, isLink}
		}
	}
	return nil, err
}

// index reads what stands in brackets, and the closing one.
func (p *parser) index() (key expr, err error) {
	if p.peek("'") {
		key, err = p.text("'")
	} else {
		key, err = p.expression(0)
	}
	if err != nil {
		return nil, err
	}
	_, err = p.take("]")
	return key, err
}

func (p *parser) operand() (expr, error) {
	if p.next >= len(p.tokens) {
		return nil, p.unexpected()
	}
	t := p.tokens[p.next]
	switch t.kind {
	case numberKind:
		p.next++
		return &constant{t.span, number(t.text)}, nil
	case stringOpen:
		return p.text(stringEnd)
	case "[":
		return p.array()
	case "{":
		return p.object()
	case "(":
		p.next++
		e, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		_, err = p.take(")")
		return e, err
	case "{{":
		return p.braces()
	case identKind:
		return p.word()
	}
	return nil, p.unexpected()
}

// word reads a literal, a variable or a call.
func (p *parser) word() (expr, error) {
	t := p.tokens[p.next]
	if t.text == "_" {
		return nil, p.unexpected()
	}
	for _, r := range reserved {
		if t.text == r {
			return nil, p.unexpected()
		}
	}
	p.next++
	switch t.text {
	case "null":
		return &constant{t.span, nil}, nil
	case "true", "false":
		return &constant{t.span, t.text == "true"}, nil
	}
	if p.peek("(") {
		p.next++
		argument, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		end, err := p.take(")")
		return &call{t.span.to(end.span), t.text, argument}, err
	}
	if slices.Contains(prefix, t.text) && p.next < len(p.tokens) && slices.Contains(starts, p.tokens[p.next].kind) {
		if p.depth++; p.depth > maxDepth {
			return nil, p.unexpected()
		}
		argument, err := p.chain()
		p.depth--
		if err != nil {
			return nil, err
		}
		return &call{t.span.to(argument.at()), t.text, argument}, nil
	}
	return &variable{t.span, t.text}, nil
}

// starts are the tokens an argument without parentheses begins with.
var starts = []kind{identKind, numberKind, stringOpen, "{"}

// braces reads {{ … }}: a condition, a loop or an expression.
func (p *parser) braces() (expr, error) {
	switch {
	case p.wordAfter("if"):
		return p.choice()
	case p.wordAfter("range"):
		return p.loop()
	}
	p.next++
	e, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	_, err = p.take("}}")
	return e, err
}

// tag reads {{ word.
func (p *parser) tag(word string) (token, error) {
	open, err := p.take("{{")
	if err == nil {
		err = p.takeWord(word)
	}
	return open, err
}

func (p *parser) choice() (expr, error) {
	c := &choice{Span: p.tokens[p.next].span}
	for word := "if"; ; word = "elif" {
		if _, err := p.tag(word); err != nil {
			return nil, err
		}
		condition, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if err := p.branch(c); err != nil {
			return nil, err
		}
		c.conditions = append(c.conditions, condition)
		if !p.wordAfter("elif") {
			break
		}
	}
	if _, err := p.tag("else"); err != nil {
		return nil, err
	}
	if err := p.branch(c); err != nil {
		return nil, err
	}
	end, err := p.end()
	c.Span = c.Span.to(end)
	return c, err
}

// branch reads }} and what follows.
func (p *parser) branch(c *choice) error {
	if _, err := p.take("}}"); err != nil {
		return err
	}
	result, err := p.expression(0)
	c.results = append(c.results, result)
	return err
}

// end reads {{ end }}.
func (p *parser) end() (Span, error) {
	if _, err := p.tag("end"); err != nil {
		return Span{}, err
	}
	t, err := p.take("}}")
	return t.span, err
}

func (p *parser) loop() (expr, error) {
	open, err := p.tag("range")
	if err != nil {
		return nil, err
	}
	l := &loop{}
	if l.index, err = p.binder(); err != nil {
		return nil, err
	}
	if l.index == "_" {
		l.index = ""
	}
	if _, err = p.take(","); err != nil {
		return nil, err
	}
	if l.element, err = p.binder(); err != nil {
		return nil, err
	}
	if _, err = p.take(":="); err != nil {
		return nil, err
	}
	if l.list, err = p.expression(0); err != nil {
		return nil, err
	}
	if _, err = p.take("}}"); err != nil {
		return nil, err
	}
	if l.body, err = p.expression(0); err != nil {
		return nil, err
	}
	end, err := p.end()
	l.Span = open.span.to(end)
	return l, err
}

func (p *parser) binder() (string, error) {
	t, err := p.take(identKind)
	return t.text, err
}

// text reads a string up to its end.
func (p *parser) text(end kind) (expr, error) {
	open := p.tokens[p.next]
	p.next++
	var parts []expr
	for !p.peek(end) {
		if p.peek(textKind) {
			t := p.tokens[p.next]
			p.next++
			parts = append(parts, &constant{t.span, t.value})
			continue
		}
		if !p.peek("{{") {
			return nil, p.unexpected()
		}
		part, err := p.braces()
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	span := open.span.to(p.tokens[p.next].span)
	p.next++
	if len(parts) == 0 {
		return &constant{span, ""}, nil
	}
	if c, ok := parts[0].(*constant); ok && len(parts) == 1 {
		if s, ok := c.value.(string); ok {
			return &constant{span, s}, nil
		}
	}
	return &interpolation{span, parts}, nil
}

func (p *parser) array() (expr, error) {
	a := &array{Span: p.tokens[p.next].span}
	p.next++
	for !p.peek("]") {
		if len(a.items) > 0 {
			if _, err := p.take(","); err != nil {
				return nil, err
			}
		}
		item, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		a.items = append(a.items, item)
	}
	a.Span = a.Span.to(p.tokens[p.next].span)
	p.next++
	return a, nil
}

func (p *parser) object() (expr, error) {
	o := &object{Span: p.tokens[p.next].span}
	p.next++
	for !p.peek("}") {
		if len(o.keys) > 0 {
			if _, err := p.take(","); err != nil {
				return nil, err
			}
		}
		key, err := p.key()
		if err != nil {
			return nil, err
		}
		value, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		o.keys, o.values = append(o.keys, key), append(o.values, value)
	}
	o.Span = o.Span.to(p.tokens[p.next].span)
	p.next++
	return o, nil
}

// key reads an object's key, a string without expressions, and the colon.
func (p *parser) key() (string, error) {
	if _, err := p.take(stringOpen); err != nil {
		return "", err
	}
	var key string
	for p.peek(textKind) {
		key += p.tokens[p.next].value
		p.next++
	}
	if _, err := p.take(stringEnd); err != nil {
		return "", err
	}
	_, err := p.take(":")
	return key, err
}
