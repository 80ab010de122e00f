package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/jackc/pgx/v5"

	"gatehouse/httpd"
	"gatehouse/identity/directory"
	"gatehouse/identity/event"
)

// memberView is a member as the list of members shows one.
type memberView struct {
	User member `json:"user"`
	Role string `json:"role"`
	// Since and LastSeen are epoch milliseconds, as in the Management API.
	Since    int64  `json:"since"`
	LastSeen *int64 `json:"lastSeen"`
}

var (
	errNoMember  = &problem{http.StatusNotFound, "entity.not_found", "There is no such member."}
	errNoUser    = &problem{http.StatusNotFound, "entity.not_found", "There is no such user."}
	errLastOwner = &problem{http.StatusUnprocessableEntity, "console.last_owner", "The console needs an owner: make somebody else one first."}
	errSuspended = &problem{http.StatusUnprocessableEntity, "user.suspended", "The user is suspended."}
	errForbidden = &problem{http.StatusForbidden, "auth.forbidden", "Your membership of the console does not allow this."}
	errUnknown   = &problem{http.StatusUnauthorized, "auth.unauthorized", "Sign in to the console."}
)

// Allow lets callers in who hold any of the operations, and tells what they hold. Where nobody needs to sign in, everybody
// holds those of the data half.
func (h *Handler) Allow(answer func(w http.ResponseWriter, r *http.Request, held directory.Operations), any ...directory.Operation) http.HandlerFunc {
	return h.allow(answer, func(held directory.Operations) bool { return slices.ContainsFunc(any, held.Has) })
}

// AllowAll lets callers in who hold all of the operations.
func (h *Handler) AllowAll(answer http.HandlerFunc, all ...directory.Operation) http.HandlerFunc {
	lacks := func(held directory.Operations) bool {
		return slices.ContainsFunc(all, func(op directory.Operation) bool { return !held.Has(op) })
	}
	return h.allow(func(w http.ResponseWriter, r *http.Request, _ directory.Operations) { answer(w, r) },
		func(held directory.Operations) bool { return !lacks(held) })
}

func (h *Handler) allow(answer func(w http.ResponseWriter, r *http.Request, held directory.Operations), may func(held directory.Operations) bool) http.HandlerFunc {
	return h.handle(func(w http.ResponseWriter, r *http.Request) error {
		c, err := h.CallerOf(r.Context(), r.Header)
		var held directory.Operations
		switch {
		case err != nil:
			return err
		case c != nil:
			held = c.Operations
		case h.isOpen():
			held = dataOperations()
		default:
			return errUnknown
		}
		if !may(held) {
			return errForbidden
		}
		answer(w, r, held)
		return nil
	})
}

// isOpen tells whether nobody needs to sign in: the data half runs without an admin secret.
func (h *Handler) isOpen() bool { return len(h.config.Secrets) == 0 && h.config.HasData }

// may lets callers in who hold an operation.
func (h *Handler) may(op directory.Operation, answer func(w http.ResponseWriter, r *http.Request, c *Caller) error) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		c, err := h.CallerOf(r.Context(), r.Header)
		switch {
		case err != nil:
			return err
		case c == nil:
			return errUnknown
		case !c.Operations.Has(op):
			return errForbidden
		}
		return answer(w, r, c)
	}
}

func (h *Handler) listMembers(w http.ResponseWriter, r *http.Request, _ *Caller) error {
	all, err := h.config.Members.Directory.ConsoleMembers(r.Context())
	if err != nil {
		return err
	}
	views := make([]memberView, len(all))
	for i, m := range all {
		views[i] = memberView{User: member{m.UserID, m.Username, m.Name, m.Avatar}, Role: m.Role, Since: m.Since.UnixMilli()}
		if m.LastSeen != nil {
			at := m.LastSeen.UnixMilli()
			views[i].LastSeen = &at
		}
	}
	httpd.WriteJSON(w, http.StatusOK, views)
	return nil
}

// putMember is PUT {"role"}: makes a user a member, or gives a member another role.
func (h *Handler) putMember(w http.ResponseWriter, r *http.Request, c *Caller) error {
	var in struct{ Role string }
	if err := readBody(w, r, &in); err != nil {
		return err
	}
	if directory.OperationsOf(in.Role) == nil {
		return badRequest("`role` is none of owner, developer and support.")
	}
	return h.changeMember(w, r, c, "Console.Member.Set", &in.Role, func(tx *directory.Tx, userID string) error {
		u, err := tx.User(r.Context(), userID)
		switch {
		case errors.Is(err, directory.ErrNotFound):
			return errNoUser
		case err != nil:
			return err
		case u.IsSuspended:
			return errSuspended
		}
		return tx.SetConsoleRole(r.Context(), userID, in.Role)
	})
}

func (h *Handler) deleteMember(w http.ResponseWriter, r *http.Request, c *Caller) error {
	return h.changeMember(w, r, c, "Console.Member.Removed", nil, func(tx *directory.Tx, userID string) error {
		if err := tx.DeleteConsoleRole(r.Context(), userID); errors.Is(err, directory.ErrNotFound) {
			return errNoMember
		} else if err != nil {
			return err
		}
		return nil
	})
}

// changeMember changes a membership unless no owner would be left, with its entry in the audit log, and answers once the
// change is in force here.
func (h *Handler) changeMember(w http.ResponseWriter, r *http.Request, c *Caller, key string, after *string, change func(tx *directory.Tx, userID string) error) error {
	ctx, userID := r.Context(), r.PathValue("userId")
	err := h.config.Members.Directory.InTx(ctx, func(tx *directory.Tx) error {
		// One at a time: two owners who remove each other would leave none.
		if _, err := tx.Exec(ctx, "lock table identity.console_members in share row exclusive mode"); err != nil {
			return fmt.Errorf("lock console members: %w", err)
		}
		if err := stillMay(ctx, tx, c); err != nil {
			return err
		}
		before, err := roleOf(ctx, tx, userID)
		if err != nil {
			return err
		}
		if err := change(tx, userID); err != nil {
			return err
		}
		if before != nil && *before == directory.ConsoleOwner {
			if has, err := tx.HasConsoleOwner(ctx); err != nil {
				return err
			} else if !has {
				return errLastOwner
			}
		}
		return event.Write(ctx, tx, event.Entry{
			Key: key, UserID: userID, IP: httpd.ClientIP(ctx), UserAgent: r.UserAgent(),
			Data: map[string]any{
				"actor": c.Actor(), "target": map[string]string{"type": "member", "id": userID},
				"before": map[string]any{"role": before}, "after": map[string]any{"role": after},
			},
		})
	})
	if err != nil {
		return err
	}
	h.config.Members.Authority.Settle(ctx)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// stillMay looks again under the lock: another owner may have taken this one's membership meanwhile.
func stillMay(ctx context.Context, tx *directory.Tx, c *Caller) error {
	if c.By != ByMember {
		return nil
	}
	role, err := tx.ConsoleRole(ctx, c.UserID)
	if errors.Is(err, directory.ErrNotFound) || err == nil && !directory.OperationsOf(role).Has(directory.ConsoleMembers) {
		return errForbidden
	}
	return err
}

// roleOf is a user's membership, nil for none; of a suspended user, too.
func roleOf(ctx context.Context, tx *directory.Tx, userID string) (*string, error) {
	rows, err := tx.Query(ctx, `select role from identity.console_members where user_id = $1`, userID)
	if err != nil {
		return nil, fmt.Errorf("read console membership: %w", err)
	}
	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(roles) == 0 {
		return nil, err
	}
	return &roles[0], nil
}

// Actor is a caller as the audit log keeps one.
type Actor struct {
	Type     string `json:"type"`         // user or adminSecret
	ID       string `json:"id,omitempty"` // of an admin secret its name, if it has one
	ClientID string `json:"clientId,omitempty"`
}

// Actor is the caller as the audit log keeps one.
func (c *Caller) Actor() Actor {
	if c.By == BySecret {
		return Actor{Type: "adminSecret", ID: c.SecretName}
	}
	return Actor{Type: directory.KindUser, ID: c.UserID, ClientID: directory.ConsoleClient}
}
