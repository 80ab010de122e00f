package operation

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"

	"gatehouse/engine/schema"
)

// Answer is the response to one request: the whole body, and headers for a client over HTTP.
type Answer struct {
	Body   []byte
	Header [][2]string
	// Zipped gives Body as gzip, made once, where the same body is given to many; nil elsewhere.
	Zipped func() []byte
}

// Digest stands for an operation's text: equal for texts that differ in nothing but white space, comments and the
// arguments of @cached.
type Digest [sha256.Size]byte

const (
	cachedDirective = "cached"
	defaultTTL      = 60
)

// IsCached tells whether the operation is a query that asks for its answer to be remembered.
func (o *Operation) IsCached() bool { return o.Kind == Query && o.HasDirective(cachedDirective) }

// Digest is the digest of the document's text; zero unless IsCached.
func (o *Operation) Digest() Digest { return o.digest }

// digest reads the document token by token, so that nothing but what is no token is lost. The directive itself is left
// out: with other arguments it asks for the same answer.
func digest(text string) Digest {
	var tokens []lexer.Token
	source := lexer.New(&ast.Source{Input: text})
	for {
		t, err := source.ReadToken()
		if err != nil || t.Kind == lexer.EOF {
			break // it has been parsed, so there is no error
		}
		if t.Kind != lexer.Comment {
			tokens = append(tokens, t)
		}
	}
	hash := sha256.New()
	for i := 0; i < len(tokens); i++ {
		if i+1 < len(tokens) && tokens[i].Kind == lexer.At && tokens[i+1].Value == cachedDirective {
			i++
			if i+1 < len(tokens) && tokens[i+1].Kind == lexer.ParenL {
				for i++; i < len(tokens) && tokens[i].Kind != lexer.ParenR; i++ {
				}
			}
			continue
		}
		part := binary.BigEndian.AppendUint64([]byte{byte(tokens[i].Kind)}, uint64(len(tokens[i].Value)))
		hash.Write(append(part, tokens[i].Value...))
	}
	return Digest(hash.Sum(nil))
}

// Cached is what @cached asks for: how long the answer may be remembered, in seconds, and whether it is to be had anew.
// The resolver has checked the arguments.
func (b *Bound) Cached() (ttl int64, refresh bool) {
	ttl = defaultTTL
	d := b.def.Directives.ForName(cachedDirective)
	if text, ok := b.directiveArgument(d, "ttl"); ok {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			ttl = n
		}
	}
	text, _ := b.directiveArgument(d, "refresh")
	return ttl, text == "true"
}

// directiveArgument is the text of a scalar argument, the variable's where it is one.
func (b *Bound) directiveArgument(d *ast.Directive, name string) (string, bool) {
	arg := d.Arguments.ForName(name)
	if arg == nil {
		return "", false
	}
	value := arg.Value
	if value.Kind == ast.Variable {
		if n := b.value(value.Raw); n != nil {
			return string(n.raw), true
		}
		if v := b.variables[value.Raw]; v == nil || v.DefaultValue == nil {
			return "", false
		} else {
			value = v.DefaultValue
		}
	}
	return value.Raw, true
}

// Given visits the variables in the order declared with the JSON given for them, nil where none was.
func (b *Bound) Given(visit func(name string, raw []byte)) {
	for _, v := range b.def.VariableDefinitions {
		var raw []byte
		if n := b.value(v.Variable); n != nil {
			raw = n.raw
		}
		visit(v.Variable, raw)
	}
}

// cached checks the arguments of @cached.
func (r *resolver) cached(d *ast.Directive) error {
	args := []*schema.InputField{
		{Name: "refresh", Type: conditionArg.Type, Default: "false"},
		{Name: "ttl", Type: ttlType, Default: "60"},
	}
	path := "$." + cachedDirective + ".args"
	for _, given := range d.Arguments {
		if given.Name != args[0].Name && given.Name != args[1].Name {
			return invalid("$."+cachedDirective, "'%s' has no argument named '%s'", cachedDirective, given.Name)
		}
	}
	for _, def := range args {
		var given *ast.Value
		if arg := d.Arguments.ForName(def.Name); arg != nil {
			given = arg.Value
		}
		if _, err := r.argument(def, given, path+"."+def.Name); err != nil {
			return err
		}
	}
	return nil
}

var ttlType = &schema.Ref{Named: &schema.Type{Kind: schema.Scalar, Name: "Int"}, NonNull: true}
