package execute

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"gatehouse/engine/fault"
	"gatehouse/engine/translate"
)

// mapError words a database error as Hasura does (Hasura: Postgres/Execute/Types, mkTxErrorHandler).
func mapError(err error, path string, s *translate.Statement) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	var pg *pgconn.PgError
	if isLost(err) {
		return connectionError(err, path)
	}
	if !errors.As(err, &pg) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return fault.New(fault.Timeout, path, "the request was cancelled or took too long").WithCause(err)
		}
		return fault.New(fault.Unexpected, path, "database query error").WithCause(err)
	}
	if strings.Contains(pg.Message, translate.CheckFailed) {
		return fault.New(fault.PermissionError, path, "check constraint of an insert/update permission has failed").WithCause(err)
	}
	fail := func(code, prefix string) error {
		return fault.New(code, path, "%s%s", prefix, pg.Message).WithCause(err)
	}
	switch pg.Code {
	case "23001":
		return fail(fault.ConstraintViolation, "Can not delete or update due to data being referred. ")
	case "23502":
		return fail(fault.ConstraintViolation, "Not-NULL violation. ")
	case "23503":
		return fail(fault.ConstraintViolation, "Foreign key violation. ")
	case "23505":
		return fail(fault.ConstraintViolation, "Uniqueness violation. ")
	case "23514":
		return fail(fault.PermissionError, "Check constraint violation. ")
	case "23P01":
		return fail(fault.ConstraintViolation, "Exclusion violation. ")
	case "22025":
		return fail(fault.BadRequest, "")
	case "42704":
		return fail(fault.ConstraintError, "")
	case "42P10":
		return fault.New(fault.ConstraintError, path, "there is no unique or exclusion constraint on target column(s)").WithCause(err)
	case "40001":
		return fault.New(fault.ConcurrentUpdate, path, "serialization failure due to concurrent update").WithCause(err)
	}
	switch {
	case strings.HasPrefix(pg.Code, "22"):
		return fail(fault.DataException, "")
	case strings.HasPrefix(pg.Code, "23"):
		return fail(fault.ConstraintViolation, "")
	case strings.HasPrefix(pg.Code, "40"):
		return fail(fault.ConcurrentUpdate, "")
	}
	e := fault.New(fault.Unexpected, path, "database query error").WithCause(err)
	internal := map[string]any{"error": map[string]any{
		"exec_status": "FatalError", "message": pg.Message, "status_code": pg.Code,
		"description": optional(pg.Detail), "hint": optional(pg.Hint),
	}, "prepared": true, "arguments": []string{}}
	if s != nil {
		internal["statement"] = s.SQL
	}
	return e.WithInternal(internal)
}

// isLost tells whether an error is about the connection and not about what was asked over it.
func isLost(err error) bool {
	var none *unavailable
	var network net.Error
	return errors.As(err, &none) && !none.isGivenUp || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.As(err, &network) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// isUnsent tells whether nothing was asked, since there was no connection to ask over.
func isUnsent(err error) bool {
	var none *unavailable
	return errors.As(err, &none)
}

// connectionError words an error of a connection as Hasura does (Hasura: Base/Error, FromPGConnErr).
func connectionError(err error, path string) error {
	code, message := fault.PostgresError, "connection error"
	if strings.Contains(err.Error(), "too many clients") {
		code, message = fault.PostgresMaxConnections, "max connections reached on postgres"
	}
	return fault.New(code, path, "%s", message).WithStatus(http.StatusInternalServerError).WithCause(err).WithInternal(err.Error())
}

func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}
