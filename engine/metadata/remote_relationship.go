package metadata

import "encoding/json"

// ToSource is a remote relationship that leads to a table of a source, mostly another one.
type ToSource struct {
	IsArray bool
	Source  string
	Table   TableName
	// FieldMapping pairs columns and computed fields of the relationship's own table with columns of Table.
	FieldMapping map[string]string
}

// LeadsToSource tells whether a remote relationship leads to a table of a source, and not to a remote schema.
func (o *Opaque) LeadsToSource() bool {
	n, err := parseNode(o.JSON)
	return err == nil && n.kind == objectNode && n.given("definition") && n.member("definition").given("to_source")
}

// ToSource reads a remote relationship that LeadsToSource.
func (o *Opaque) ToSource() (*ToSource, error) {
	if err := wrong(remoteRelationshipShape, o); err != nil {
		return nil, err
	}
	var doc struct {
		Definition struct {
			ToSource struct {
				RelationshipType string            `json:"relationship_type"`
				Source           string            `json:"source"`
				Table            TableName         `json:"table"`
				FieldMapping     map[string]string `json:"field_mapping"`
			} `json:"to_source"`
		} `json:"definition"`
	}
	if err := json.Unmarshal(o.JSON, &doc); err != nil {
		return nil, err
	}
	there := doc.Definition.ToSource
	return &ToSource{there.RelationshipType == "array", there.Source, there.Table, there.FieldMapping}, nil
}

// RemoteRelationshipObject names a remote relationship.
func RemoteRelationshipObject(source string, t TableName, name string) ObjectID {
	return tableChild(remoteRelationships.kind, source, t, name)
}

// RemoteRelationshipDefinition is a remote relationship as an inconsistency shows it.
func RemoteRelationshipDefinition(source string, t TableName, o *Opaque) json.RawMessage {
	return with(o.JSON, "source", quoteJSON(source), "table", encode(tableName, t))
}

// sourceRenamed is a remote relationship after a source got another name.
func sourceRenamed(doc json.RawMessage, from, to string) json.RawMessage {
	return edit(doc, func(n *node) []byte {
		if n.kind == stringNode && n.text == from {
			return quoteJSON(to)
		}
		return n.compact()
	}, "definition", "to_source", "source")
}
