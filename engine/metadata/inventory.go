package metadata

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The states of an Item.
const (
	// Honoured: Gatehouse does what it says.
	Honoured = "honoured"
	// Kept: stored and exported, not executed yet.
	Kept = "kept"
	// Refused: cannot be written as it is; stored already, it is put aside.
	Refused = "refused"
)

// Item is one thing that a document uses.
type Item struct {
	// Section is what it is one of: "table", "select permission", "remote schema", …
	Section string `json:"section"`
	Source  string `json:"source,omitempty"`
	Name    string `json:"name"`
	// Role is whose permission it is.
	Role  string `json:"role,omitempty"`
	State string `json:"state"`
	// Uses are the keys that say more than usual.
	Uses []string `json:"uses,omitempty"`
	// Reason says why it is not honoured.
	Reason string `json:"reason,omitempty"`
}

// Variable is an environment variable that a document names.
type Variable struct {
	Name string   `json:"name"`
	For  []string `json:"for"`
}

// Inventory is what a document uses, in the order of an export.
type Inventory struct {
	Items     []Item     `json:"items"`
	Variables []Variable `json:"variables"`
	// Needs are settings that a server must have for the document to mean what it meant.
	Needs []string `json:"needs"`
}

// Inventory lists what the document uses and whether Gatehouse honours it, as far as that shows without the databases.
func (m *Metadata) Inventory() *Inventory {
	out := &Inventory{Items: []Item{}, Variables: []Variable{}, Needs: []string{}}
	unserved := m.Unsupported()
	listed := map[ObjectID][]Inconsistency{}
	for _, i := range unserved {
		listed[i.ID()] = append(listed[i.ID()], i)
	}
	variables := map[string][]string{}
	for _, o := range m.Objects() {
		item := o.item()
		for _, i := range listed[o.ID] {
			item.judge(i)
		}
		delete(listed, o.ID)
		out.Items = append(out.Items, item)
		n, err := parseNode(o.JSON)
		if err == nil {
			n.variables("", func(name string) {
				variables[name] = append(variables[name], strings.TrimSpace(item.Section+" "+item.Name))
			})
		}
	}
	for _, i := range unserved { // what is no object of its own, and what was put aside
		if _, still := listed[i.ID()]; still {
			item := Item{Section: words(i.Type), Name: i.Name}
			if i.location != (location{}) {
				item = i.location.item()
			}
			item.judge(i)
			out.Items = append(out.Items, item)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		slices.Sort(variables[name])
		out.Variables = append(out.Variables, Variable{name, slices.Compact(variables[name])})
	}
	out.Needs = m.needs()
	return out
}

// judge adds why something is not served, and what becomes of it. What is refused stays so.
func (item *Item) judge(i Inconsistency) {
	if i.isRefused {
		item.State = Refused
	} else if item.State != Refused {
		item.State = Kept
	}
	if item.Reason != "" {
		item.Reason += "; "
	}
	item.Reason += strings.TrimPrefix(i.Reason, "Inconsistent object: ")
}

// words is a kind of object as people write it.
func words(kind string) string {
	if strings.HasSuffix(kind, "_relation") {
		kind += "ship"
	}
	return strings.ReplaceAll(kind, "_", " ")
}

// item names what stands at a location.
func (p location) item() Item {
	item := Item{Section: words(p.kind), Source: p.source, Name: p.name, State: Honoured}
	switch of := p.of(); {
	case of != (TableName{}) && p.name == "":
		item.Name = of.String()
	case of != (TableName{}) && strings.HasSuffix(p.kind, "_permission"):
		item.Role, item.Name = p.name, of.String()
	case of != (TableName{}):
		item.Name = of.String() + "." + p.name
	case p.name == "":
		item.Name = p.kind
	}
	return item
}

// item describes an object.
func (o Object) item() Item {
	item := o.location.item()
	var doc map[string]json.RawMessage
	_ = json.Unmarshal(o.JSON, &doc) // a role alone is an object, too
	switch o.ID.Type {
	case "table":
		item.Uses = tableUses(doc)
	case "source":
		item.Uses = sourceUses(doc)
	case "select_permission", "insert_permission", "update_permission", "delete_permission":
		item.Uses = permissionUses(doc["permission"])
	case "function":
		item.Uses = given(doc, "configuration", "comment")
	case "object_relation", "array_relation":
		if strings.Contains(string(doc["using"]), `"manual_configuration"`) {
			item.Uses = []string{"manual_configuration"}
		}
	case "remote_relationship": // Unsupported looks at the others
		if wrong := remoteRelationshipShape.check(o.JSON); wrong != "" && (&Opaque{JSON: o.JSON}).LeadsToSource() {
			item.State, item.Reason = Refused, wrong
		}
	case "native_query":
		item.Uses = given(doc, "type", "object_relationships", "array_relationships")
	}
	return item
}

func given(doc map[string]json.RawMessage, keys ...string) []string {
	var out []string
	for _, k := range keys {
		if v := string(doc[k]); v != "" && v != "null" && v != "[]" && v != "{}" && v != "false" {
			out = append(out, k)
		}
	}
	return out
}

func tableUses(doc map[string]json.RawMessage) []string {
	out := given(doc, "is_enum", "apollo_federation_config")
	var config map[string]json.RawMessage
	_ = json.Unmarshal(doc["configuration"], &config)
	return append(out, given(config, "custom_name", "custom_root_fields", "column_config", "comment")...)
}

func sourceUses(doc map[string]json.RawMessage) []string {
	var configuration, connection map[string]json.RawMessage
	_ = json.Unmarshal(doc["configuration"], &configuration)
	_ = json.Unmarshal(configuration["connection_info"], &connection)
	out := []string{"kind " + strings.Trim(string(doc["kind"]), `"`)}
	out = append(out, given(doc, "customization", "query_tags", "health_check")...)
	out = append(out, given(configuration, "read_replicas", "connection_template", "connection_set", "extensions_schema")...)
	return append(out, given(connection, "ssl_configuration", "pool_settings", "use_prepared_statements")...)
}

func permissionUses(raw json.RawMessage) []string {
	var doc map[string]json.RawMessage
	_ = json.Unmarshal(raw, &doc)
	out := given(doc, "filter", "check", "set", "limit", "allow_aggregations", "computed_fields", "backend_only", "validate_input")
	for _, k := range []string{"query_root_fields", "subscription_root_fields"} { // an empty list says something
		if v, ok := doc[k]; ok && string(v) != "null" {
			out = append(out, k)
		}
	}
	return out
}

// environmentKeys name a variable; templateKeys may, as {{NAME}}.
var (
	environmentKeys = []string{"from_env", "value_from_env", "url_from_env", "webhook_from_env"}
	templateKeys    = append([]string{"handler", "webhook", "url", "database_url"}, openTelemetryEndpoints...)
	environmentName = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)
)

// Expand puts environment variables, {{NAME}}, into a text that may name them. missing is one that lookup does not know.
func Expand(text string, lookup func(name string) (string, bool)) (expanded, missing string) {
	expanded = environmentName.ReplaceAllStringFunc(text, func(match string) string {
		name := environmentName.FindStringSubmatch(match)[1]
		value, ok := lookup(name)
		if !ok {
			missing = name
		}
		return value
	})
	return expanded, missing
}

// variables calls with every environment variable that a value names.
func (n *node) variables(key string, visit func(string)) {
	switch n.kind {
	case stringNode:
		if slices.Contains(environmentKeys, key) {
			visit(n.text)
		} else if slices.Contains(templateKeys, key) {
			for _, found := range environmentName.FindAllStringSubmatch(n.text, -1) {
				visit(found[1])
			}
		}
	case arrayNode:
		for _, item := range n.items {
			item.variables(key, visit)
		}
	case objectNode:
		for i, k := range n.keys {
			if k == "request_transform" || k == "response_transform" { // templates of another language
				continue
			}
			n.values[i].variables(k, visit)
		}
	}
}

// needs are settings that the document relies on.
func (m *Metadata) needs() []string {
	out := []string{}
	for _, s := range m.Sources {
		if s.Customization != nil && s.Customization.NamingConvention != "" {
			out = append(out, fmt.Sprintf("source %s names its fields by %s (Hasura: HASURA_GRAPHQL_EXPERIMENTAL_FEATURES=naming_convention)", s.Name, s.Customization.NamingConvention))
		}
		for _, t := range s.Tables {
			if t.ApolloFederation != nil {
				out = append(out, "Apollo federation: HASURA_GRAPHQL_ENABLE_APOLLO_FEDERATION=true")
			}
		}
		if s.Configuration.ConnectionInfo.FromFile != "" {
			out = append(out, "connection strings in files: HASURA_GRAPHQL_DYNAMIC_SECRETS_ALLOWED_PATH_PREFIX")
		}
	}
	if len(m.Allowlist) > 0 {
		out = append(out, "the allow list has an effect with HASURA_GRAPHQL_ENABLE_ALLOWLIST=true only")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Elsewhere is the document with other connections for some sources.
func (m *Metadata) Elsewhere(urls map[string]string) *Metadata {
	c := *m
	c.Sources = make([]*Source, len(m.Sources))
	for i, s := range m.Sources {
		c.Sources[i] = s
		if url, ok := urls[s.Name]; ok && s.Foreign == nil {
			there := *s
			there.Configuration.ConnectionInfo = ConnectionInfo{URL: url, IsolationLevel: s.Configuration.ConnectionInfo.IsolationLevel}
			there.Configuration.ReadReplicas = nil
			c.Sources[i] = &there
		}
	}
	return &c
}
