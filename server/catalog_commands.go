package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strconv"
	"strings"

	"gatehouse/engine"
	"gatehouse/postgres/embedded"
)

// Export prints the stored metadata (Hasura: `graphql-engine export`). It works beside a running Gatehouse and without
// one.
func Export(ctx context.Context, s *Settings, out io.Writer) error {
	return onMetadataDatabase(ctx, s, func(url string) error {
		doc, err := engine.StoredMetadata(ctx, url)
		if err != nil {
			return fmt.Errorf("export metadata: %w", err)
		}
		_, err = fmt.Fprintf(out, "%s\n", doc)
		return err
	})
}

// Clean takes the catalog out of the metadata database, to start afresh (Hasura: `graphql-engine clean`).
func Clean(ctx context.Context, s *Settings, out io.Writer) error {
	return onMetadataDatabase(ctx, s, func(url string) error {
		if err := engine.DropCatalog(ctx, url); err != nil {
			return fmt.Errorf("clean metadata: %w", err)
		}
		_, err := fmt.Fprintln(out, "successfully cleaned graphql-engine related data")
		return err
	})
}

// onMetadataDatabase runs do with the URL of the metadata database.
func onMetadataDatabase(ctx context.Context, s *Settings, do func(url string) error) error {
	s.Listening.Only = "data"
	if s.Database.isEmbedded(false) {
		if url, running := embedded.Running(ctx, s.Database.DataDir); running {
			return do(url)
		}
	}
	d, err := openDatabases(ctx, s, slog.New(slog.DiscardHandler), func(string) {})
	if err != nil {
		return err
	}
	return errors.Join(do(d.metadata), d.close(context.WithoutCancel(ctx)))
}

// Downgrade are the arguments of `downgrade`: --to-vX.Y.Z, or --to-catalog-version N.
type Downgrade struct {
	Target []string `arg:"" optional:"" passthrough:"" help:"--to-vX.Y.Z"`
}

var downgradeTarget = regexp.MustCompile(`^--to-v2\.(\d+)(\.|$)`)

// firstWithCatalog is the minor version of the first Hasura v2 with the catalog that Gatehouse keeps.
const firstWithCatalog = 11

// Run tells what there is to do for a Hasura to start on the database again: nothing, since the catalog stays as Hasura's.
func (d *Downgrade) Run(out io.Writer) error {
	target := strings.Join(d.Target, " ")
	if m := downgradeTarget.FindStringSubmatch(target); m != nil {
		if minor, err := strconv.Atoi(m[1]); err == nil && minor >= firstWithCatalog {
			_, err := fmt.Fprintf(out, "nothing to do: the catalog is Hasura's version 48, on which v2.%d starts as it is\n", minor)
			return err
		}
	}
	if target == "--to-catalog-version 48" || target == "--to-catalog-version=48" {
		_, err := fmt.Fprintln(out, "nothing to do: the catalog is Hasura's version 48")
		return err
	}
	return fmt.Errorf("downgrade %s: the catalog is Hasura's version 48, on which v2.%d and later start; for an older one run `graphql-engine downgrade` of such a Hasura", target, firstWithCatalog)
}
