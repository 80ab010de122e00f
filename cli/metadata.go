package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"gatehouse/engine/project"
)

// local reads the project's metadata and warns of files that nobody reads.
func (r *run) local(c *project.Config) (json.RawMessage, error) {
	if c.MetadataFile != "" {
		return project.ReadMetadata(c.MetadataFile)
	}
	document, err := project.ReadMetadata(c.MetadataDir)
	if err != nil {
		return nil, err
	}
	unread, err := project.Unread(c.MetadataDir)
	for _, name := range unread {
		r.say("warning: %s is not read: no part of the metadata has this name", filepath.Join(c.MetadataDir, name))
	}
	return document, err
}

// rendered is a document as YAML, or as JSON that people can read.
func rendered(document json.RawMessage, asYAML bool) ([]byte, error) {
	if asYAML {
		return project.YAML(document)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, document, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// show writes a document for people or programs.
func (r *run) show(document json.RawMessage, as string) error {
	text, err := rendered(document, as == "yaml")
	if err != nil {
		return err
	}
	_, err = r.Out.Write(text)
	return err
}

type metadataApply struct {
	DryRun    bool   `name:"dry-run" help:"Show the document, and send nothing."`
	Output    string `name:"output" short:"o" enum:",json,yaml" default:"" placeholder:"json|yaml" help:"Show the document that was applied."`
	Disallow  bool   `name:"disallow-inconsistent-metadata" help:"Change nothing if a part of the metadata cannot be honoured."`
	FromFile  bool   `name:"from-file" hidden:""`
	AllowWarn bool   `name:"allow-warnings" hidden:""`
}

func (c *metadataApply) run(r *run) error {
	config, err := r.config()
	if err != nil {
		return err
	}
	document, err := r.local(config)
	if err != nil {
		return err
	}
	if c.DryRun {
		return r.show(document, c.Output)
	}
	p, err := r.project()
	if err != nil {
		return err
	}
	if err := r.apply(p, document, !c.Disallow); err != nil {
		return err
	}
	if c.Output != "" {
		return r.show(document, c.Output)
	}
	return nil
}

// apply replaces the server's metadata and says what it cannot honour.
func (r *run) apply(p *project.Project, document json.RawMessage, allowInconsistent bool) error {
	var state *project.Consistency
	err := r.while("applying metadata", func() (err error) {
		state, err = project.ApplyMetadata(r.ctx, p.Server, document, allowInconsistent)
		return err
	})
	if err != nil {
		return fmt.Errorf("the metadata was not applied: %w%s", err, details(err))
	}
	r.say("metadata applied")
	if !state.IsConsistent {
		r.say("The server cannot honour %d parts of it:", len(state.Objects))
		r.inconsistencies(state, r.Err)
	}
	return nil
}

// details are the objects that a refusal is about.
func details(err error) string {
	var refusal *project.Refusal
	var objects []project.Inconsistency
	if !errors.As(err, &refusal) || json.Unmarshal(refusal.Internal, &objects) != nil {
		return ""
	}
	var out strings.Builder
	for _, o := range objects {
		fmt.Fprintf(&out, "\n  %s %s: %s", o.Type, o.About(), plain(o.Reason))
	}
	return out.String()
}

// plain is a JSON text without its quotes, or the JSON.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

type metadataExport struct {
	Output string `name:"output" short:"o" enum:",json,yaml" default:"" placeholder:"json|yaml" help:"Print the document and write no files."`
}

func (c *metadataExport) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	document, err := project.ExportMetadata(r.ctx, p.Server)
	if err != nil {
		return err
	}
	if c.Output != "" {
		return r.show(document, c.Output)
	}
	written, err := r.write(p.Config, document)
	if err != nil {
		return err
	}
	for _, name := range written {
		fmt.Fprintln(r.Out, name)
	}
	if len(written) == 0 {
		r.say("The project has what the server has.")
	} else {
		r.say("metadata exported: %d files written", len(written))
	}
	return nil
}

// write puts a document into the project.
func (r *run) write(c *project.Config, document json.RawMessage) ([]string, error) {
	if c.MetadataFile == "" {
		written, err := project.WriteMetadata(c.MetadataDir, document)
		for i, name := range written {
			written[i] = filepath.Join(c.MetadataDir, filepath.FromSlash(name))
		}
		return written, err
	}
	text, err := rendered(document, !strings.EqualFold(filepath.Ext(c.MetadataFile), ".json"))
	if err != nil {
		return nil, err
	}
	if old, err := os.ReadFile(c.MetadataFile); err == nil && bytes.Equal(old, text) {
		return nil, nil
	}
	err = os.WriteFile(c.MetadataFile, text, 0o644) //nolint:gosec // a file of the project, for everybody who works on it
	return []string{c.MetadataFile}, err
}

type metadataReload struct{}

func (c *metadataReload) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	var state *project.Consistency
	if err := r.while("reloading metadata", func() (err error) {
		state, err = project.ReloadMetadata(r.ctx, p.Server)
		return err
	}); err != nil {
		return err
	}
	r.say("metadata reloaded")
	if !state.IsConsistent {
		r.say("The metadata is inconsistent; `gatehouse metadata inconsistency list` says why.")
	}
	return nil
}

type metadataClear struct{}

func (c *metadataClear) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	if err := project.ClearMetadata(r.ctx, p.Server); err != nil {
		return err
	}
	r.say("metadata cleared")
	return nil
}

type inconsistencyList struct {
	Output string `name:"output" short:"o" enum:",json" default:"" placeholder:"json" help:"json for programs."`
}

func (c *inconsistencyList) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	state, err := project.Inconsistencies(r.ctx, p.Server)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		if state.Objects == nil {
			state.Objects = []project.Inconsistency{}
		}
		return r.json(state.Objects)
	}
	if state.IsConsistent {
		r.say("metadata is consistent")
		return nil
	}
	r.inconsistencies(state, r.Out)
	return nil
}

func (r *run) inconsistencies(state *project.Consistency, to io.Writer) {
	w := tabwriter.NewWriter(to, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TYPE\tABOUT\tREASON")
	for _, o := range state.Objects {
		fmt.Fprintf(w, "%s\t%s\t%s\n", o.Type, o.About(), plain(o.Reason))
	}
	_ = w.Flush()
}

type inconsistencyDrop struct{}

func (c *inconsistencyDrop) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	if err := project.DropInconsistencies(r.ctx, p.Server); err != nil {
		return err
	}
	r.say("all inconsistent objects removed from metadata")
	return nil
}

type inconsistencyStatus struct{}

func (c *inconsistencyStatus) run(r *run) error {
	p, err := r.project()
	if err != nil {
		return err
	}
	state, err := project.Inconsistencies(r.ctx, p.Server)
	if err != nil {
		return err
	}
	if !state.IsConsistent {
		return fmt.Errorf("metadata is inconsistent: %d objects; `gatehouse metadata inconsistency list` says why", len(state.Objects))
	}
	r.say("metadata is consistent")
	return nil
}
