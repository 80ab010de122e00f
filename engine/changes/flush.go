package changes

import (
	"context"
	"time"
)

// Decoding begins when the log is on disk. A session with synchronous_commit = off does not wait for that, and Postgres
// then writes the log up to three times wal_writer_delay later, 600 ms unless set (PG docs: wal-async-commit). How a
// session commits can be set for it alone, so that it is learned from what comes: commits that come late. From then on,
// while tables that are watched are written to, the log is looked at again and again, and written if it has grown.

const (
	// asynchronous is how late a commit comes that was not waited for; a disk takes less for one that was.
	asynchronous = 30 * time.Millisecond
	// flushEvery is how often the log is looked at, flushRest how long after the last change, or after the last look that
	// found something to write. Idle sources are asked nothing.
	flushEvery = 25 * time.Millisecond
	flushRest  = 10 * time.Second
	// flushTime bounds a look, flushRetry is how soon it is tried again after an error.
	flushTime  = 5 * time.Second
	flushRetry = time.Minute
)

// flushSQL writes nothing when all is on disk. Else it commits a message that says nothing, and waits for this server's
// disk: what was logged before is then on it too.
const flushSQL = `
select case when not pg_catalog.pg_is_in_recovery() and pg_catalog.pg_current_wal_insert_lsn() > pg_catalog.pg_current_wal_flush_lsn()
            then pg_catalog.set_config('synchronous_commit', 'local', true) is not null
                 and pg_catalog.pg_logical_emit_message(true, $1, '') is not null
            else false end`

// changed notes that a watched table was written to in a transaction that was told of so much later.
func (s *stream) changed(later time.Duration) {
	s.mu.Lock()
	s.told = time.Now()
	s.mu.Unlock()
	if later > asynchronous {
		nudge(s.lags)
	}
}

// flush has the log written while that is of use, until ctx ends.
func (s *stream) flush(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.lags:
		}
		if err := s.flushWhileChanged(ctx); err != nil && ctx.Err() == nil {
			s.feed.config.Log.Debug("cannot have the log written", "source", s.feed.config.Source, "error", err)
			pause(ctx, flushRetry)
		}
	}
}

func (s *stream) flushWhileChanged(ctx context.Context) error {
	ticks := time.NewTicker(flushEvery)
	defer ticks.Stop()
	for useful := time.Now(); ; {
		s.mu.Lock()
		told := s.told
		s.mu.Unlock()
		if time.Since(told) > flushRest || time.Since(useful) > flushRest {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks.C:
		}
		isWritten, err := s.flushOnce(ctx)
		if err != nil {
			return err
		}
		if isWritten {
			useful = time.Now()
		}
	}
}

// flushOnce has what was logged written. Its message is marked: it is no change.
func (s *stream) flushOnce(ctx context.Context) (isWritten bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	err = s.feed.config.Pool.QueryRow(ctx, flushSQL, s.mark).Scan(&isWritten)
	return isWritten, err
}
