package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"gatehouse/engine"
	"gatehouse/engine/metadata"
	"gatehouse/engine/project"
	"gatehouse/engine/schema"
)

type metadataCheck struct {
	From        string   `arg:"" optional:"" placeholder:"DIR|FILE|URL" help:"A project, a directory or file with metadata, or a running Hasura or Gatehouse. Default: the project here or above."`
	DatabaseURL []string `name:"database-url" placeholder:"[SOURCE=]URL" help:"Look into the databases, too: this is where source default, or SOURCE, is. Others are reached as the metadata says."`
	All         bool     `name:"all" help:"List every item, also where there are many of a kind."`
	Output      string   `name:"output" short:"o" enum:",json" default:"" placeholder:"json" help:"json for programs."`
}

// checkReport is what -o json prints.
type checkReport struct {
	// Verdict is "honoured", "kept" (something is not executed yet) or "refused" (something cannot be taken over).
	Verdict string         `json:"verdict"`
	Summary map[string]int `json:"summary"`
	*metadata.Inventory
	Variables []checkedVariable `json:"variables"`
	// Problem is why the document would be refused as a whole.
	Problem string `json:"problem,omitempty"`
	// Inconsistencies are found with the databases, or by the Gatehouse that was asked; null where nobody looked. What the
	// items tell already is not among them.
	Inconsistencies []metadata.Inconsistency `json:"inconsistencies"`
	Server          *checkedServer           `json:"server,omitempty"`
	// told are the inconsistencies that the items tell.
	told []metadata.Inconsistency
}

type checkedVariable struct {
	metadata.Variable
	IsSet bool `json:"is_set"`
}

type checkedServer struct {
	Version   string `json:"version"`
	Gatehouse string `json:"gatehouse,omitempty"`
	// Settings are those that change what the metadata means, as environment variables to start Gatehouse with.
	Settings []string `json:"settings"`
	// inconsistencies are what a Gatehouse lists.
	inconsistencies []metadata.Inconsistency
}

func (c *metadataCheck) run(r *run) error {
	document, server, err := c.document(r)
	if err != nil {
		return err
	}
	report, err := c.report(r, document)
	if err != nil {
		return err
	}
	report.Server = server
	if err := c.look(r, document, report, server); err != nil {
		return err
	}
	report.judge()
	if c.Output == "json" {
		err = r.json(report)
	} else {
		report.write(r.Out, c.All)
	}
	switch {
	case err != nil:
		return err
	case report.Verdict == metadata.Refused:
		return errSaid
	case report.Verdict == metadata.Kept:
		return exitStatus(2)
	}
	return nil
}

// document reads what is to be checked.
func (c *metadataCheck) document(r *run) (json.RawMessage, *checkedServer, error) {
	if strings.HasPrefix(c.From, "http://") || strings.HasPrefix(c.From, "https://") {
		config, err := r.configOr(r.Dir)
		if err != nil {
			return nil, nil, err
		}
		config.Endpoint = c.From
		s, err := r.server(config)
		if err != nil {
			return nil, nil, err
		}
		document, err := project.ExportMetadata(r.ctx, s)
		if err != nil {
			return nil, nil, err
		}
		about, err := askAbout(r.ctx, s)
		return document, about, err
	}
	if c.From == "" {
		config, err := r.config()
		if err != nil {
			return nil, nil, err
		}
		document, err := r.local(config)
		return document, nil, err
	}
	at := r.path(c.From)
	if err := r.readEnvironment(directory(at)); err != nil {
		return nil, nil, err
	}
	document, err := project.ReadMetadata(at)
	return document, nil, err
}

// directory is what a file stands in, or the directory itself.
func directory(name string) string {
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		return filepath.Dir(name)
	}
	return name
}

// report takes stock of a document. What would be refused is read as if it were stored, so that all of it shows.
func (c *metadataCheck) report(r *run, document json.RawMessage) (*checkReport, error) {
	report := &checkReport{}
	m, err := metadata.DecodeAny(document, "$", &metadata.Metadata{Sources: []*metadata.Source{{Name: metadata.DefaultSource, Kind: "postgres"}}})
	if err == nil {
		err = m.Check()
	}
	if err != nil {
		report.Problem = err.Error()
		if m, err = metadata.Decode(document, "$", false); err != nil {
			return nil, fmt.Errorf("this is no metadata that Gatehouse can take over: %w", err)
		}
	}
	report.Inventory, report.told = m.Inventory(), m.Unsupported()
	report.Variables = []checkedVariable{}
	for _, v := range report.Inventory.Variables {
		report.Variables = append(report.Variables, checkedVariable{v, r.env[v.Name] != ""})
	}
	return report, nil
}

// look asks the databases, or the Gatehouse the document is from, what cannot be served.
func (c *metadataCheck) look(r *run, document json.RawMessage, report *checkReport, server *checkedServer) error {
	if len(c.DatabaseURL) == 0 {
		if server != nil {
			report.Inconsistencies = besides(report.told, server.inconsistencies)
		}
		return nil
	}
	m, err := metadata.Decode(document, "$", false)
	if err != nil {
		return err
	}
	urls := map[string]string{}
	for _, given := range c.DatabaseURL {
		source, url, named := strings.Cut(given, "=")
		if !named || strings.Contains(source, ":") {
			source, url = metadata.DefaultSource, given
		}
		if m.Source(source) == nil {
			return fmt.Errorf("the metadata has no source %q for --database-url", source)
		}
		urls[source] = url
	}
	config := engine.Config{
		LookupEnv: func(name string) (string, bool) { v, ok := r.env[name]; return v, ok },
		Options:   schema.Options{InferFunctionPermissions: r.env["HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS"] != "false"},
	}
	return r.while("reading the databases", func() error {
		found, err := engine.Examine(r.ctx, config, m, urls)
		report.Inconsistencies = besides(report.told, found)
		return err
	})
}

// besides are the inconsistencies of list that are not told already. One is known by its object and definition: what is
// said of it depends on who says it.
func besides(told, list []metadata.Inconsistency) []metadata.Inconsistency {
	key := func(i metadata.Inconsistency) string {
		definition, _ := json.Marshal(i.Definition)
		var value any
		if json.Unmarshal(definition, &value) == nil {
			definition, _ = json.Marshal(value) // in one order
		}
		return i.Type + "\x00" + i.Name + "\x00" + string(definition)
	}
	known := map[string]bool{}
	for _, i := range told {
		known[key(i)] = true
	}
	return slices.DeleteFunc(list, func(i metadata.Inconsistency) bool { return known[key(i)] })
}

func (report *checkReport) judge() {
	report.Summary = map[string]int{metadata.Honoured: 0, metadata.Kept: 0, metadata.Refused: 0}
	for _, i := range report.Items {
		report.Summary[i.State]++
	}
	switch {
	case report.Problem != "" || report.Summary[metadata.Refused] > 0:
		report.Verdict = metadata.Refused
	case report.Summary[metadata.Kept] > 0 || len(report.Inconsistencies) > 0:
		report.Verdict = metadata.Kept
	default:
		report.Verdict = metadata.Honoured
	}
}

// many is how many items of a kind are listed one by one when nobody asks for all.
const many = 40

func (report *checkReport) write(to io.Writer, all bool) {
	if s := report.Server; s != nil {
		fmt.Fprintf(to, "Server: %s\n\n", s.title())
	}
	var sections []string
	items := map[string][]metadata.Item{}
	for _, i := range report.Items {
		if items[i.Section] == nil {
			sections = append(sections, i.Section)
		}
		items[i.Section] = append(items[i.Section], i)
	}
	w := tabwriter.NewWriter(to, 0, 8, 2, ' ', 0)
	for _, section := range sections {
		list := items[section]
		fmt.Fprintf(w, "%s (%d)\n", strings.ToUpper(section[:1])+section[1:], len(list))
		hidden := 0
		for _, i := range list {
			if i.State == metadata.Honoured && len(list) > many && !all {
				hidden++
				continue
			}
			about := strings.Join(i.Uses, ", ")
			if i.State != metadata.Honoured {
				about = i.State + ": " + i.Reason
			}
			name := i.Name
			if i.Role != "" {
				name = i.Role + " on " + i.Name
			}
			line := fmt.Sprintf("  %s %s", map[string]string{metadata.Honoured: "✓", metadata.Kept: "–", metadata.Refused: "✗"}[i.State], name)
			if about != "" {
				line += "\t" + about
			}
			fmt.Fprintln(w, line)
		}
		if hidden > 0 {
			fmt.Fprintf(w, "  ✓ %d honoured (--all lists them)\n", hidden)
		}
		_ = w.Flush()
		fmt.Fprintln(w)
	}
	_ = w.Flush()
	report.writeNeeds(to)
	for _, i := range report.Inconsistencies {
		fmt.Fprintf(to, "✗ inconsistent: %s: %s\n", i.Name, i.Reason)
	}
	if report.Problem != "" {
		fmt.Fprintf(to, "✗ an apply would be refused: %s\n", report.Problem)
	}
	fmt.Fprintf(to, "%d honoured, %d kept but not executed yet, %d refused\n", report.Summary[metadata.Honoured], report.Summary[metadata.Kept], report.Summary[metadata.Refused])
	fmt.Fprintln(to, map[string]string{
		metadata.Honoured: "This moves in as it is.",
		metadata.Kept:     "This moves in; what is marked is stored and exported unchanged, and listed as inconsistent with its reason.",
		metadata.Refused:  "This cannot move in as it is: see what is marked ✗.",
	}[report.Verdict])
}

func (report *checkReport) writeNeeds(to io.Writer) {
	if len(report.Variables) > 0 {
		fmt.Fprintf(to, "Environment variables (%d)\n", len(report.Variables))
		w := tabwriter.NewWriter(to, 0, 8, 2, ' ', 0)
		for _, v := range report.Variables {
			fmt.Fprintf(w, "  %s %s\t%s\n", map[bool]string{true: "✓", false: "!"}[v.IsSet], v.Name, map[bool]string{true: "set here", false: "not set here"}[v.IsSet]+"; for "+shortened(v.For))
		}
		_ = w.Flush()
		fmt.Fprintln(to)
	}
	needs := report.Needs
	if report.Server != nil {
		needs = append(slices.Clone(report.Server.Settings), needs...)
	}
	if len(needs) > 0 {
		fmt.Fprintln(to, "Settings that matter")
		for _, n := range needs {
			fmt.Fprintf(to, "  %s\n", n)
		}
		fmt.Fprintln(to)
	}
}

func shortened(list []string) string {
	if len(list) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), len(list)-3)
	}
	return strings.Join(list, ", ")
}

func (s *checkedServer) title() string {
	if s.Gatehouse != "" {
		return "Gatehouse " + s.Gatehouse + " (as Hasura " + s.Version + ")"
	}
	return "Hasura " + s.Version
}

// askAbout asks a server what it is and which of its settings change what metadata means.
func askAbout(ctx context.Context, s *server) (*checkedServer, error) {
	var about struct {
		Version   string `json:"version"`
		Gatehouse string `json:"gatehouse"`
	}
	if err := s.get(ctx, "/v1/version", &about); err != nil {
		return nil, err
	}
	out := &checkedServer{Version: about.Version, Gatehouse: about.Gatehouse, Settings: []string{}}
	var config struct {
		Infer        *bool    `json:"is_function_permissions_inferred"`
		Remote       bool     `json:"is_remote_schema_permissions_enabled"`
		AllowList    bool     `json:"is_allow_list_enabled"`
		Federation   bool     `json:"is_apollo_federation_enabled"`
		Hook         bool     `json:"is_auth_hook_set"`
		JWT          bool     `json:"is_jwt_set"`
		Naming       string   `json:"default_naming_convention"`
		Experimental []string `json:"experimental_features"`
	}
	if about.Gatehouse != "" {
		state, err := project.Inconsistencies(ctx, s)
		if err != nil {
			return nil, err
		}
		for _, o := range state.Objects {
			out.inconsistencies = append(out.inconsistencies, metadata.Inconsistency{Type: o.Type, Name: o.About(), Reason: plain(o.Reason), Definition: o.Definition})
		}
	}
	if err := s.get(ctx, "/v1alpha1/config", &config); err != nil {
		out.Settings = append(out.Settings, "(the server does not show its settings: "+err.Error()+")")
		return out, nil
	}
	add := func(is bool, setting string) {
		if is {
			out.Settings = append(out.Settings, setting)
		}
	}
	add(config.Infer != nil && !*config.Infer, "HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS=false")
	add(config.Remote, "HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS=true")
	add(config.AllowList, "HASURA_GRAPHQL_ENABLE_ALLOWLIST=true")
	add(config.Federation, "HASURA_GRAPHQL_ENABLE_APOLLO_FEDERATION=true")
	add(config.Naming != "" && config.Naming != "hasura-default", "HASURA_GRAPHQL_DEFAULT_NAMING_CONVENTION="+config.Naming)
	add(len(config.Experimental) > 0, "HASURA_GRAPHQL_EXPERIMENTAL_FEATURES="+strings.Join(config.Experimental, ","))
	add(config.Hook, "HASURA_GRAPHQL_AUTH_HOOK (and its mode)")
	add(config.JWT, "HASURA_GRAPHQL_JWT_SECRET")
	return out, nil
}

// get asks for a document.
func (s *server) get(ctx context.Context, path string, into any) error {
	resp, err := s.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	body, err := s.answer(resp)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// exitStatus ends a command, which has said what there is to say, with an exit code of its own.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// statusOf is the exit code of an error.
func statusOf(err error) int {
	var status exitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	return 1
}
