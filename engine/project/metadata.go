package project

import (
	"context"
	"encoding/json"
)

// Inconsistency is a part of the metadata that the server cannot honour.
type Inconsistency struct {
	Name       json.RawMessage `json:"name,omitempty"`
	Type       string          `json:"type"`
	Reason     json.RawMessage `json:"reason"`
	Definition json.RawMessage `json:"definition"`
	Message    json.RawMessage `json:"message,omitempty"`
}

// Consistency is the state of the server's metadata.
type Consistency struct {
	IsConsistent bool            `json:"is_consistent"`
	Objects      []Inconsistency `json:"inconsistent_objects"`
}

// ApplyMetadata replaces the server's metadata.
func ApplyMetadata(ctx context.Context, s Server, document json.RawMessage, allowInconsistent bool) (*Consistency, error) {
	args := struct {
		Allow    bool            `json:"allow_inconsistent_metadata"`
		Metadata json.RawMessage `json:"metadata"`
	}{allowInconsistent, document}
	c := new(Consistency)
	return c, ask(ctx, s, "replace_metadata", 2, args, c)
}

// ExportMetadata is the server's metadata.
func ExportMetadata(ctx context.Context, s Server) (json.RawMessage, error) {
	var document json.RawMessage
	err := ask(ctx, s, "export_metadata", 0, none{}, &document)
	return document, err
}

// ReloadMetadata makes the server look at its sources again.
func ReloadMetadata(ctx context.Context, s Server) (*Consistency, error) {
	c := new(Consistency)
	return c, ask(ctx, s, "reload_metadata", 0, map[string]bool{"reload_remote_schemas": true, "reload_sources": true}, c)
}

// Inconsistencies is what the server says of its metadata.
func Inconsistencies(ctx context.Context, s Server) (*Consistency, error) {
	c := new(Consistency)
	return c, ask(ctx, s, "get_inconsistent_metadata", 0, none{}, c)
}

// DropInconsistencies removes what the server cannot honour.
func DropInconsistencies(ctx context.Context, s Server) error {
	return ask(ctx, s, "drop_inconsistent_metadata", 0, none{}, nil)
}

// ClearMetadata empties the server's metadata.
func ClearMetadata(ctx context.Context, s Server) error {
	return ask(ctx, s, "clear_metadata", 0, none{}, nil)
}

// About names the object an inconsistency is about.
func (i *Inconsistency) About() string {
	var name string
	if json.Unmarshal(i.Name, &name) == nil && name != "" {
		return name
	}
	var definition struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(i.Definition, &definition) == nil && definition.Name != "" {
		return definition.Name
	}
	return string(i.Definition)
}

// YAML is a document in one file, as the Hasura command line shows it.
func YAML(document json.RawMessage) ([]byte, error) {
	n, err := fromJSON(document)
	if err != nil {
		return nil, err
	}
	return encode(n)
}
