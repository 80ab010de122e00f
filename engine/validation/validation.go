// Package validation asks an operator's webhook whether the input of a mutation is acceptable, before a transaction is
// begun (Hasura: Postgres/Execute/Mutation, validateMutation).
//
// It refuses whatever the webhook does not clearly agree with: an answer other than 200 is an error, and so is none.
package validation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"gatehouse/engine/fault"
	"gatehouse/engine/schema"
	"gatehouse/engine/session"
	"gatehouse/httpclient"
)

// Validator calls webhooks. The zero value resolves no environment variable.
type Validator struct {
	// LookupEnv resolves variables in URLs and headers; nil resolves none.
	LookupEnv func(name string) (string, bool)
	// Client makes the calls, each bounded by its own timeout.
	Client *http.Client
}

// New makes a validator.
func New(lookupEnv func(name string) (string, bool)) *Validator {
	return &Validator{LookupEnv: lookupEnv, Client: httpclient.New(httpclient.Operator, maxTimeout)}
}

const (
	maxTimeout = 10 * time.Minute
	// maxAnswer is how much of an answer is read, in bytes.
	maxAnswer = 64 << 10
)

// Check asks v's webhook about the input, a JSON list. The error is a *fault.Error.
func (c *Validator) Check(ctx context.Context, v *schema.Validation, s *session.Session, input json.RawMessage) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(v.Timeout)*time.Second)
	defer cancel()
	request, err := c.request(ctx, v, s, input)
	if err != nil {
		return unexpected(err)
	}
	response, err := c.Client.Do(request) //nolint:bodyclose // ReadAll closes it
	if err != nil {
		return unexpected(fmt.Errorf("call the input validation webhook: %w", err))
	}
	body, err := httpclient.ReadAll(response, maxAnswer)
	if err != nil {
		return unexpected(fmt.Errorf("read the input validation webhook's answer: %w", err))
	}
	switch response.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusBadRequest:
		var answer struct {
			Message *string `json:"message"`
		}
		if len(bytes.TrimSpace(body)) == 0 {
			return fault.New(fault.ValidationFailed, fault.Root, "input validation failed")
		}
		if err := json.Unmarshal(body, &answer); err != nil {
			return unexpected(fmt.Errorf("the input validation webhook's refusal is not JSON: %w", err))
		}
		if answer.Message == nil {
			return fault.New(fault.ValidationFailed, fault.Root, "input validation failed")
		}
		return fault.New(fault.ValidationFailed, fault.Root, "%s", *answer.Message)
	}
	return unexpected(fmt.Errorf("the input validation webhook answered %s", response.Status))
}

// unexpected tells the client only that something went wrong; administrators see what.
func unexpected(err error) error {
	return fault.New(fault.Unexpected, fault.Root, "internal error").WithCause(err).WithInternal(map[string]string{"error": err.Error()})
}

func (c *Validator) request(ctx context.Context, v *schema.Validation, s *session.Session, input json.RawMessage) (*http.Request, error) {
	url, err := c.expand(v.URL)
	if err != nil {
		return nil, err
	}
	type data struct {
		Input json.RawMessage `json:"input"`
	}
	payload, err := json.Marshal(struct {
		Version   int               `json:"version"`
		Role      string            `json:"role"`
		Variables map[string]string `json:"session_variables"`
		Data      data              `json:"data"`
	}{1, s.Role, s.Variables, data{input}})
	if err != nil {
		return nil, fmt.Errorf("encode the input: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("the input validation webhook's URL is not valid: %w", err)
	}
	if v.ForwardClientHeaders {
		request.Header = s.Forwarded()
	}
	request.Header.Set("Content-Type", "application/json")
	for _, h := range v.Headers {
		value := h.Value
		if h.FromEnv != "" {
			var ok bool
			if value, ok = c.lookup(h.FromEnv); !ok {
				return nil, fmt.Errorf("environment variable %q is not set", h.FromEnv)
			}
		}
		request.Header.Set(h.Name, value)
	}
	return request, nil
}

var variable = regexp.MustCompile(`\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)

// expand puts environment variables into a URL.
func (c *Validator) expand(url string) (string, error) {
	var missing string
	out := variable.ReplaceAllStringFunc(url, func(match string) string {
		name := variable.FindStringSubmatch(match)[1]
		value, ok := c.lookup(name)
		if !ok {
			missing = name
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("environment variable %q is not set", missing)
	}
	return out, nil
}

func (c *Validator) lookup(name string) (string, bool) {
	if c.LookupEnv == nil {
		return "", false
	}
	return c.LookupEnv(name)
}
