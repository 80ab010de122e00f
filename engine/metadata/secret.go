package metadata

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Mask stands for a secret in what is shown to callers who may not see it.
const Mask = "(secret)"

// addressKeys hold URLs, whose user, password and query are secrets; addresses may also stand in what tells of an error.
var (
	addressKeys = append([]string{"error", "reason", "message", "endpoint", "otlp_traces_endpoint", "otlp_metrics_endpoint", "otlp_logs_endpoint"}, templateKeys...)
	wholeKeys   = []string{"database_url", "password", "connection_string"}
	credentials = regexp.MustCompile(`://[^/?#\s"]*@`)
	queryPart   = regexp.MustCompile(`(\w+://[^?\s"]*)\?[^#\s"]*`)
	keyword     = regexp.MustCompile(`(?i)\b(password\s*=\s*)('[^']*'|\S+)`)
)

// visitSecrets calls with every text that is a secret or holds one, and what it is without. key and above are where n
// stands.
func (n *node) visitSecrets(key, above string, visit func(n *node, masked string)) {
	switch n.kind {
	case stringNode:
		if masked := maskedText(n.text, key, above); masked != n.text {
			visit(n, masked)
		}
	case arrayNode:
		for _, item := range n.items {
			item.visitSecrets(key, above, visit)
		}
	case objectNode:
		for i, k := range n.keys {
			n.values[i].visitSecrets(k, key, visit)
		}
	}
}

// maskedText is a text without the secrets in it.
func maskedText(text, key, above string) string {
	switch {
	case text == "" || text == Mask:
		return text
	case key == "value" && above == "headers", above == "add_headers", above == "headers" && key != "name" && key != "value_from_env":
		return Mask
	case slices.Contains(wholeKeys, key):
		if strings.HasPrefix(text, "{{") && strings.HasSuffix(text, "}}") { // the name of a variable
			return text
		}
		return Mask
	case slices.Contains(addressKeys, key):
		text = credentials.ReplaceAllString(text, "://"+Mask+"@")
		text = queryPart.ReplaceAllString(text, "$1?"+Mask)
		return keyword.ReplaceAllString(text, "${1}"+Mask)
	}
	return text
}

// WithoutSecrets is a document, or whatever tells of parts of one, with Mask in the place of secrets: passwords, values of
// headers, connection strings. Names of environment variables stay.
func WithoutSecrets(text json.RawMessage) (json.RawMessage, error) {
	n, err := parseNode(text)
	if err != nil {
		return nil, err
	}
	masks := map[*node]string{}
	n.visitSecrets("", "", func(n *node, masked string) { masks[n] = masked })
	if len(masks) == 0 {
		return text, nil
	}
	var b bytes.Buffer
	n.writeMasked(&b, masks)
	return b.Bytes(), nil
}

func (n *node) writeMasked(b *bytes.Buffer, masks map[*node]string) {
	if masked, is := masks[n]; is {
		writeText(b, masked)
		return
	}
	switch n.kind {
	case arrayNode:
		b.WriteByte('[')
		for i, item := range n.items {
			if i > 0 {
				b.WriteByte(',')
			}
			item.writeMasked(b, masks)
		}
		b.WriteByte(']')
	case objectNode:
		b.WriteByte('{')
		for i, k := range n.keys {
			if i > 0 {
				b.WriteByte(',')
			}
			writeText(b, k)
			b.WriteByte(':')
			n.values[i].writeMasked(b, masks)
		}
		b.WriteByte('}')
	default:
		b.Write(n.compact())
	}
}

func writeText(b *bytes.Buffer, text string) {
	raw, _ := json.Marshal(text) // a text encodes
	b.Write(raw)
}

// HoldsSecrets tells whether the document itself holds secrets, rather than names of environment variables that do.
func (m *Metadata) HoldsSecrets() bool {
	n, err := parseNode(m.Encode())
	holds := err != nil
	if err == nil {
		n.visitSecrets("", "", func(*node, string) { holds = true })
	}
	return holds
}

// HoldsMask tells whether Mask stands where a secret is to be: somebody has written back what was shown without secrets.
func (m *Metadata) HoldsMask() bool {
	n, err := parseNode(m.Encode())
	return err == nil && n.holdsMask("", "")
}

func (n *node) holdsMask(key, above string) bool {
	switch n.kind {
	case stringNode:
		return strings.Contains(n.text, Mask) && maskedText(strings.ReplaceAll(n.text, Mask, "x"), key, above) != strings.ReplaceAll(n.text, Mask, "x")
	case arrayNode:
		return slices.ContainsFunc(n.items, func(item *node) bool { return item.holdsMask(key, above) })
	case objectNode:
		for i, k := range n.keys {
			if n.values[i].holdsMask(k, key) {
				return true
			}
		}
	}
	return false
}
