package postgres

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
)

// Listen holds one connection that listens on channels and calls on for every notification, in order, until ctx ends.
// It reconnects by itself. gap is called after every successful (re)connect, before any notification of that
// connection: whatever changed while nobody listened went unheard, so the caller must start afresh. down is called when
// the connection is lost; until the next gap the caller cannot trust what it remembers.
func Listen(ctx context.Context, url string, log *slog.Logger, channels []string, on func(channel, payload string), gap, down func()) {
	for pause := 50 * time.Millisecond; ctx.Err() == nil; {
		connected, err := listenOnce(ctx, url, channels, on, gap)
		if connected {
			down()
			pause = 50 * time.Millisecond
		}
		if ctx.Err() != nil {
			return
		}
		log.WarnContext(ctx, "notification connection lost, reconnecting", "error", err, "pause", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, 2*time.Second)
	}
}

func listenOnce(ctx context.Context, url string, channels []string, on func(channel, payload string), gap func()) (connected bool, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return false, fmt.Errorf("connect: %w", err)
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing)
	}()
	for _, c := range channels {
		if _, err := conn.Exec(ctx, "listen "+pgx.Identifier{c}.Sanitize()); err != nil {
			return false, fmt.Errorf("listen on %s: %w", c, err)
		}
	}
	gap()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true, err
		}
		on(n.Channel, n.Payload)
	}
}
