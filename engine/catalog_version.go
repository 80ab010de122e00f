package engine

import (
	"fmt"
	"strconv"
)

// catalogVersion is the version of Hasura's catalog this package reads and writes.
const catalogVersion = "48"

// releases tells which Hasura wrote a catalog older than catalogVersion: the first version of the catalog that a row
// stands for (Hasura: server/src-rsr/catalog_versions.txt).
var releases = []struct {
	from float64
	name string
}{
	{47, "Hasura v2.0.7 to v2.10"},
	{46, "Hasura v2.0.0 to v2.0.6"},
	{43, "a preview of Hasura v2"},
	{37, "Hasura v1.3.1 to v1.3.4"},
	{35, "Hasura v1.3.0"},
	{32, "Hasura v1.2"},
	{29, "Hasura v1.1"},
	{28, "Hasura v1.0"},
	{0, "a Hasura before v1.0"},
}

// checkVersion refuses catalogs that are not of catalogVersion. Hasura v2 upgrades every older one when it starts, those
// of v1 too, whose metadata is in tables of its own. Versions may have a fraction, as 43.1 and the very first, 0.8.
func checkVersion(version string) error {
	if version == catalogVersion {
		return nil
	}
	n, err := strconv.ParseFloat(version, 64)
	if err != nil {
		return fmt.Errorf("the metadata database holds a catalog of unknown version %q; version %s is needed", version, catalogVersion)
	}
	if n > 48 {
		return fmt.Errorf("the metadata database holds a catalog of version %s, which is newer than version %s that this Gatehouse knows", version, catalogVersion)
	}
	by := ""
	for _, r := range releases {
		if n >= r.from {
			by = r.name
			break
		}
	}
	return fmt.Errorf("the metadata database holds a Hasura catalog of version %s (%s); version %s (Hasura v2.11 or later) is needed: start the latest Hasura v2 on it once, which upgrades it", version, by, catalogVersion)
}
