package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gatehouse/engine/metadata"
	"gatehouse/engine/project"
)

type metadataDiff struct {
	Dirs     []string `arg:"" optional:"" name:"dir" help:"Compare the project with this metadata directory, or two with each other, instead of the server."`
	ExitCode bool     `name:"exit-code" help:"Exit code 1 if there is a difference."`
	Output   string   `name:"output" short:"o" hidden:""`
	Type     string   `name:"type" hidden:""`
}

func (c *metadataDiff) run(r *run) error {
	from, to, layout, err := c.documents(r)
	if err != nil {
		return err
	}
	before, err := render(from, layout)
	if err != nil {
		return err
	}
	after, err := render(to, layout)
	if err != nil {
		return err
	}
	text := compareFiles(before, after)
	if text == "" {
		r.say("no difference")
		return nil
	}
	fmt.Fprint(r.Out, text)
	if c.ExitCode {
		return errSaid
	}
	return nil
}

// documents are what is compared, both as a server exports them, and the directory whose layout is used.
func (c *metadataDiff) documents(r *run) (from, to json.RawMessage, layout string, err error) {
	read := func(dir string, current *metadata.Metadata) (json.RawMessage, error) {
		document, err := project.ReadMetadata(r.path(dir))
		if err != nil {
			return nil, err
		}
		return exported(document, dir, current)
	}
	if len(c.Dirs) > 2 {
		return nil, nil, "", fmt.Errorf("two directories can be compared, not %d", len(c.Dirs))
	}
	if len(c.Dirs) == 2 {
		empty := &metadata.Metadata{Sources: []*metadata.Source{{Name: metadata.DefaultSource, Kind: "postgres"}}}
		if from, err = read(c.Dirs[0], empty); err != nil {
			return nil, nil, "", err
		}
		to, err = read(c.Dirs[1], empty)
		return from, to, "", err
	}
	p, err := r.project()
	if err != nil {
		return nil, nil, "", err
	}
	server, err := project.ExportMetadata(r.ctx, p.Server)
	if err != nil {
		return nil, nil, "", err
	}
	current, err := metadata.Decode(server, "$", false)
	if err != nil {
		return nil, nil, "", fmt.Errorf("read the server's metadata: %w", err)
	}
	document, err := r.local(p.Config)
	if err != nil {
		return nil, nil, "", err
	}
	if to, err = exported(document, p.Config.MetadataDir, current); err != nil {
		return nil, nil, "", err
	}
	from, layout = current.Encode(), p.Config.MetadataDir
	if len(c.Dirs) == 1 {
		from, err = read(c.Dirs[0], current)
	}
	return from, to, layout, err
}

// exported is a document as a server gives it back after it was applied.
func exported(document json.RawMessage, where string, current *metadata.Metadata) (json.RawMessage, error) {
	m, err := metadata.DecodeAny(document, "$", current)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	m.KeepSettings(current)
	return m.Encode(), nil
}

// render gives the files that an export would leave in a directory.
func render(document json.RawMessage, layout string) (map[string]string, error) {
	dir, err := os.MkdirTemp("", "gatehouse-diff-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if layout != "" {
		if err := os.CopyFS(dir, os.DirFS(layout)); err != nil {
			return nil, fmt.Errorf("copy %s: %w", layout, err)
		}
	}
	if _, err := project.WriteMetadata(dir, document); err != nil {
		return nil, err
	}
	names, err := project.Files(dir)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files[name] = string(data)
	}
	return files, nil
}

// compareFiles is a unified diff of two trees.
func compareFiles(before, after map[string]string) string {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	var out strings.Builder
	for _, name := range sorted {
		if before[name] != after[name] {
			fmt.Fprintf(&out, "--- server/%s\n+++ project/%s\n", name, name)
			out.WriteString(unified(lines(before[name]), lines(after[name])))
		}
	}
	return out.String()
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

const around = 3 // lines shown before and after a change

// unified compares line by line: the longest common part stays, the rest is taken away and put in.
func unified(a, b []string) string {
	// edits are ' ', '-' and '+' with a line each.
	type edit struct {
		sign byte
		text string
	}
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	midA, midB := a[head:len(a)-tail], b[head:len(b)-tail]
	var edits []edit
	for _, line := range a[:head] {
		edits = append(edits, edit{' ', line})
	}
	common := longest(midA, midB)
	for i, j := 0, 0; i < len(midA) || j < len(midB); {
		switch {
		case i < len(midA) && j < len(midB) && midA[i] == midB[j]:
			edits = append(edits, edit{' ', midA[i]})
			i, j = i+1, j+1
		case j == len(midB) || (i < len(midA) && common[i+1][j] >= common[i][j+1]):
			edits = append(edits, edit{'-', midA[i]})
			i++
		default:
			edits = append(edits, edit{'+', midB[j]})
			j++
		}
	}
	for _, line := range a[len(a)-tail:] {
		edits = append(edits, edit{' ', line})
	}
	var out strings.Builder
	lineA, lineB := 0, 0
	for i := 0; i < len(edits); {
		next := i
		for next < len(edits) && edits[next].sign == ' ' {
			next++
		}
		if next == len(edits) {
			break
		}
		start := max(i, next-around)
		lineA, lineB = lineA+start-i, lineB+start-i
		end, quiet := next, 0
		for end < len(edits) && quiet <= 2*around {
			if quiet++; edits[end].sign != ' ' {
				quiet = 0
			}
			end++
		}
		end -= max(0, quiet-around)
		countA, countB := 0, 0
		var body strings.Builder
		for _, e := range edits[start:end] {
			if e.sign != '+' {
				countA++
			}
			if e.sign != '-' {
				countB++
			}
			body.WriteByte(e.sign)
			body.WriteString(e.text + "\n")
		}
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n%s", min(lineA+1, lineA+countA), countA, min(lineB+1, lineB+countB), countB, body.String())
		lineA, lineB, i = lineA+countA, lineB+countB, end
	}
	return out.String()
}

// longest gives the length of the longest common part of a[i:] and b[j:].
func longest(a, b []string) [][]int32 {
	table := make([][]int32, len(a)+1)
	for i := range table {
		table[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	return table
}
