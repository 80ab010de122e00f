package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Validation is a webhook that must agree with the input of a mutation before anything is written (Hasura: input
// validations). It is comparable by value, so that inherited roles can tell equal ones.
type Validation struct {
	// URL may name environment variables: {{NAME}}.
	URL     string
	Headers []ValidationHeader
	// Timeout is in seconds.
	Timeout              int
	ForwardClientHeaders bool
}

// ValidationHeader is a header sent along: Value, or that of the environment variable FromEnv.
type ValidationHeader struct{ Name, Value, FromEnv string }

const defaultValidationTimeout = 10

// parseValidation reads validate_input; nil when there is none.
func parseValidation(raw json.RawMessage) (*Validation, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil //nolint:nilnil // most permissions have none
	}
	var in struct {
		Type       string `json:"type"`
		Definition struct {
			URL     string `json:"url"`
			Headers []struct {
				Name    string  `json:"name"`
				Value   *string `json:"value"`
				FromEnv *string `json:"value_from_env"`
			} `json:"headers"`
			Timeout              *int `json:"timeout"`
			ForwardClientHeaders bool `json:"forward_client_headers"`
		} `json:"definition"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return nil, fmt.Errorf("validate_input: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	v := &Validation{URL: in.Definition.URL, Timeout: defaultValidationTimeout, ForwardClientHeaders: in.Definition.ForwardClientHeaders}
	switch {
	case in.Type != "http":
		return nil, fmt.Errorf("validate_input: unknown type %q", in.Type)
	case v.URL == "":
		return nil, errors.New("validate_input: the url is missing")
	case in.Definition.Timeout != nil && *in.Definition.Timeout <= 0:
		return nil, errors.New("validate_input: the timeout must be positive")
	case in.Definition.Timeout != nil:
		v.Timeout = *in.Definition.Timeout
	}
	for _, h := range in.Definition.Headers {
		switch {
		case h.Name == "", (h.Value == nil) == (h.FromEnv == nil):
			return nil, errors.New("validate_input: a header needs a name and either value or value_from_env")
		case h.Value != nil:
			v.Headers = append(v.Headers, ValidationHeader{Name: h.Name, Value: *h.Value})
		default:
			v.Headers = append(v.Headers, ValidationHeader{Name: h.Name, FromEnv: *h.FromEnv})
		}
	}
	return v, nil
}
