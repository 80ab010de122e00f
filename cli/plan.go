package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"gatehouse/engine/impact"
	"gatehouse/engine/project"
)

type metadataPlan struct {
	From   string   `arg:"" optional:"" placeholder:"DIR|FILE" help:"A project, or a directory or file with metadata. Default: the project here or above."`
	Output string   `name:"output" short:"o" enum:",json" default:"" placeholder:"json" help:"json for programs."`
	SDL    bool     `name:"sdl" help:"The schemas that would differ as text, line by line, for roles with the same differences together."`
	FailOn []string `name:"fail-on" placeholder:"WHAT" enum:"change,widened,wider,breaking,inconsistent" help:"Exit code 1 if there is any change, a right that widens or may, something that breaks, a new inconsistency. Comma separated."`
}

// Help is shown with --help.
func (c *metadataPlan) Help() string {
	return `Asks the server what applying the project's metadata would change, and changes nothing: rights that widen or narrow, role by
role; operations of REST endpoints and of the allow list that would break; the GraphQL schema of every role.

In continuous integration, before a deployment:
  gatehouse metadata plan --fail-on widened,breaking`
}

func (c *metadataPlan) run(r *run) error {
	s, document, err := c.compared(r)
	if err != nil {
		return err
	}
	var answer []byte
	err = r.while("comparing metadata", func() (err error) {
		answer, err = s.Post(r.ctx, "/v1/metadata", map[string]any{"type": "gatehouse_plan_metadata", "args": map[string]any{"metadata": document, "sdl": c.SDL}})
		return err
	})
	if err != nil {
		return fmt.Errorf("the metadata cannot be applied: %w%s", err, details(err))
	}
	var plan impact.Plan
	if err := json.Unmarshal(answer, &plan); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	if c.Output == "json" {
		err = r.json(json.RawMessage(answer))
	} else {
		err = r.plan(&plan)
	}
	if err != nil {
		return err
	}
	if c.fails(&plan) {
		return errSaid
	}
	return nil
}

// compared are the server and the new metadata. Metadata that is named needs no project around it: the server is then named by
// flags, the environment or what is beside the metadata.
func (c *metadataPlan) compared(r *run) (*server, json.RawMessage, error) {
	var config *project.Config
	var err error
	if c.From == "" {
		config, err = r.config()
	} else {
		config, err = r.configOr(directory(r.path(c.From)))
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := r.server(config)
	if err != nil {
		return nil, nil, err
	}
	var document json.RawMessage
	if c.From == "" {
		document, err = r.local(config)
	} else {
		document, err = project.ReadMetadata(r.path(c.From))
	}
	return s, document, err
}

// fails tells whether the plan has what it must not have.
func (c *metadataPlan) fails(plan *impact.Plan) bool {
	s := plan.Summary
	return slices.ContainsFunc(c.FailOn, func(what string) bool {
		switch what {
		case "widened", "wider":
			return s.Widened+s.Unclear > 0
		case "breaking":
			return s.Breaking+s.Operations > 0
		case "inconsistent":
			return s.Inconsistencies > 0
		}
		return !plan.IsEmpty()
	})
}

// plan shows a plan to people: what matters most comes first.
func (r *run) plan(plan *impact.Plan) error {
	if plan.IsEmpty() {
		r.say("nothing would change")
		return nil
	}
	w := tabwriter.NewWriter(r.Out, 0, 8, 2, ' ', 0)
	section := func(title string, rows [][]string) {
		if len(rows) == 0 {
			return
		}
		fmt.Fprintf(w, "%s\n", title)
		for _, row := range rows {
			fmt.Fprintf(w, "  %s\n", strings.Join(row, "\t"))
		}
		fmt.Fprintln(w)
		_ = w.Flush() // columns are a section's own
	}
	section("Rights", rightRows(plan))
	section("Operations that would break", operationRows(plan))
	section("Inconsistencies", inconsistencyRows(plan))
	for _, d := range plan.SDL {
		fmt.Fprintf(r.Out, "Schema of %s\n%s\n", strings.Join(d.Roles, ", "), d.Diff)
	}
	if len(plan.SDL) == 0 {
		for _, d := range plan.Schemas {
			section("Schema of "+d.Role, schemaRows(d))
		}
	}
	section("Metadata", objectRows(plan))
	s := plan.Summary
	fmt.Fprintf(w, "%d rights wider, %d unclear, %d narrower; %d breaking changes of schemas; %d operations break; %d new inconsistencies\n",
		s.Widened, s.Unclear, s.Narrowed, s.Breaking, s.Operations, s.Inconsistencies)
	return w.Flush()
}

func rightRows(plan *impact.Plan) (rows [][]string) {
	for _, right := range plan.Rights {
		rows = append(rows, []string{right.Direction, right.Role, strings.TrimSpace(right.Source + " " + right.Object), right.Operation, right.Change})
	}
	return rows
}

func operationRows(plan *impact.Plan) (rows [][]string) {
	for _, o := range plan.Operations {
		where := "allow list"
		if o.Endpoint != "" {
			where = "REST endpoint " + o.Endpoint
		}
		rows = append(rows, []string{o.Collection + "." + o.Query, where, o.Role, o.Reason})
	}
	return rows
}

func inconsistencyRows(plan *impact.Plan) (rows [][]string) {
	for _, i := range plan.Inconsistencies.New {
		rows = append(rows, []string{"new", i.Name, i.Reason})
	}
	for _, i := range plan.Inconsistencies.Resolved {
		rows = append(rows, []string{"gone", i.Name, i.Reason})
	}
	return rows
}

// shownChanges bounds a role's part: a table that appears brings a hundred changes.
const shownChanges = 20

func schemaRows(d impact.SchemaDiff) (rows [][]string) {
	for i, c := range d.Changes {
		if i == shownChanges && !c.Breaking {
			return append(rows, []string{fmt.Sprintf("and %d more, none of which breaks anything (-o json lists them)", len(d.Changes)-i)})
		}
		kind := c.Kind
		if c.Breaking {
			kind += ", breaking"
		}
		rows = append(rows, []string{kind, c.Path, c.Change})
	}
	return rows
}

func objectRows(plan *impact.Plan) (rows [][]string) {
	for _, list := range []struct {
		sign    string
		objects []impact.Object
	}{{"+", plan.Objects.Added}, {"~", plan.Objects.Changed}, {"-", plan.Objects.Removed}} {
		for _, o := range list.objects {
			rows = append(rows, []string{list.sign, o.Type, o.Name})
		}
	}
	return rows
}
