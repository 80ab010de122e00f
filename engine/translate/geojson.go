package translate

import (
	"encoding/json"

	"gatehouse/engine/fault"
)

type geoJSON struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
	Geometries  []geoJSON       `json:"geometries"`
}

// checkGeoJSON refuses what RFC 7946 §3.1 refuses, in Hasura's words; PostGIS would accept some of it and word the
// rest differently.
func checkGeoJSON(raw []byte, path string) error {
	var g geoJSON
	if err := json.Unmarshal(raw, &g); err != nil { // the collections inside it, too: a value is read once, however deep it is
		return fault.New(fault.ParseFailed, path, "parsing Geometry failed, expected Object")
	}
	return g.check(path)
}

func (g *geoJSON) check(path string) error {
	bad := func(format string, args ...any) error { return fault.New(fault.ParseFailed, path, format, args...) }
	position := func(raw json.RawMessage) error {
		var p []float64
		if json.Unmarshal(raw, &p) != nil {
			return bad("parsing Position failed, expected Array")
		}
		if len(p) < 2 {
			return bad("A Position needs at least 2 elements")
		}
		return nil
	}
	line := func(raw json.RawMessage, atLeast int, what string) error {
		var ps []json.RawMessage
		if json.Unmarshal(raw, &ps) != nil {
			return bad("parsing %s failed, expected Array", what)
		}
		for _, p := range ps {
			if err := position(p); err != nil {
				return err
			}
		}
		if len(ps) < atLeast {
			return bad("A %s needs at least %d Positions", what, atLeast)
		}
		return nil
	}
	ring := func(raw json.RawMessage) error {
		if err := line(raw, 4, "LinearRing"); err != nil {
			return err
		}
		var ps [][]float64
		if err := json.Unmarshal(raw, &ps); err != nil {
			return bad("parsing LinearRing failed")
		}
		first, last := ps[0], ps[len(ps)-1]
		same := len(first) == len(last)
		for i := 0; same && i < len(first); i++ {
			same = first[i] == last[i]
		}
		if !same {
			return bad("the first and last locations have to be equal for a LinearRing")
		}
		return nil
	}
	each := func(raw json.RawMessage, check func(json.RawMessage) error) error {
		var items []json.RawMessage
		if json.Unmarshal(raw, &items) != nil {
			return bad("parsing coordinates failed, expected Array")
		}
		for _, item := range items {
			if err := check(item); err != nil {
				return err
			}
		}
		return nil
	}
	lineString := func(raw json.RawMessage) error { return line(raw, 2, "LineString") }
	switch g.Type {
	case "Point":
		return position(g.Coordinates)
	case "MultiPoint":
		return each(g.Coordinates, position)
	case "LineString":
		return lineString(g.Coordinates)
	case "MultiLineString":
		return each(g.Coordinates, lineString)
	case "Polygon":
		return each(g.Coordinates, ring)
	case "MultiPolygon":
		return each(g.Coordinates, func(raw json.RawMessage) error { return each(raw, ring) })
	case "GeometryCollection":
		for i := range g.Geometries {
			if err := g.Geometries[i].check(path); err != nil {
				return err
			}
		}
		return nil
	default:
		return bad("unexpected geometry type: %s", g.Type)
	}
}
