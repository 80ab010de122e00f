package server

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// banner is what a start says to the person who started it.
type banner struct {
	port                         int
	issuer, dataDir, adminSecret string
	setupToken                   string
	data, identity               bool
	console, demo, isOpen        bool
	took                         time.Duration
}

func (b banner) write(out io.Writer) {
	base := fmt.Sprintf("http://localhost:%d", b.port)
	var lines [][2]string
	add := func(name, value string) { lines = append(lines, [2]string{name, value}) }
	if b.console {
		add("Console", base+"/console")
	}
	if b.demo {
		add("Demo", base+"/demo")
	}
	if b.data {
		add("GraphQL", base+"/v1/graphql")
	}
	if b.identity {
		add("Issuer", b.issuer)
	}
	if b.dataDir != "" {
		add("Data", b.dataDir)
	}
	if b.adminSecret != "" {
		add("Admin secret", b.adminSecret)
	}
	if b.isOpen {
		add("Warning", "no admin secret: everybody is administrator of the data half")
	}
	if b.setupToken != "" {
		add("First administrator", base+"/console/setup#"+b.setupToken)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "\n  Gatehouse %s is ready (%s)\n\n", Version, b.took.Round(time.Millisecond))
	for _, l := range lines {
		fmt.Fprintf(&text, "  %-20s %s\n", l[0], l[1])
	}
	text.WriteString("\n")
	_, _ = io.WriteString(out, text.String())
}
