package metadata

import (
	"encoding/json"
	"slices"

	"gatehouse/engine/fault"
)

// Settings are Gatehouse's own, for which Hasura's document has no place. They are exported beside it under "gatehouse"
// and stored apart from it, so that a Hasura on the same catalog never meets them.
type Settings struct {
	Sources []*SourceFeatures
}

// SourceFeatures are what a source serves beyond Hasura, each off unless switched on.
type SourceFeatures struct {
	Name string
	// NestedUpdates offers _nested in updates, and link in nested inserts.
	NestedUpdates bool
	// GroupBy offers <table>_group_by.
	GroupBy bool
	// UpsertOnIndexes offers unique indexes that are no constraints to on_conflict.
	UpsertOnIndexes bool
	// ScalarFunctions lets functions be tracked that return scalars.
	ScalarFunctions bool
}

var settingsCodec = object("GatehouseSettings",
	mayList("sources", "sources", sourceFeaturesCodec, func(s *Settings) *[]*SourceFeatures { return &s.Sources }, func(f *SourceFeatures) string { return f.Name }),
)

var sourceFeaturesCodec = object("GatehouseSourceFeatures",
	must("name", nonEmpty, func(f *SourceFeatures) *string { return &f.Name }),
	may("nested_updates", boolean, func(f *SourceFeatures) *bool { return &f.NestedUpdates }),
	may("group_by", boolean, func(f *SourceFeatures) *bool { return &f.GroupBy }),
	may("upsert_on_indexes", boolean, func(f *SourceFeatures) *bool { return &f.UpsertOnIndexes }),
	may("scalar_functions", boolean, func(f *SourceFeatures) *bool { return &f.ScalarFunctions }),
)

// DecodeSettings reads stored settings.
func DecodeSettings(data []byte) (*Settings, error) {
	s, err := decode(settingsCodec, data, "$", false)
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// Encode writes the settings; nil when nothing is set.
func (s *Settings) Encode() json.RawMessage {
	if s = s.set(); s == nil {
		return nil
	}
	return encode(settingsCodec, *s)
}

// set is the settings less what sets nothing; nil when that is all.
func (s *Settings) set() *Settings {
	if s == nil {
		return nil
	}
	on := without(s.Sources, func(f *SourceFeatures) bool { return *f == SourceFeatures{Name: f.Name} })
	if len(on) == 0 {
		return nil
	}
	return &Settings{Sources: on}
}

// settingsField is the document's key, there only when something is set. A document that carries the key says what is set;
// one that does not says nothing about it.
func settingsField() field[Metadata] {
	f := mayRef("gatehouse", settingsCodec, func(m *Metadata) **Settings { return &m.Gatehouse })
	f.write = func(w *writer, m *Metadata) bool {
		s := m.Gatehouse.Encode()
		w.Write(s)
		return s != nil
	}
	return f
}

// Features are what a source serves beyond Hasura.
func (m *Metadata) Features(source string) SourceFeatures {
	if m.Gatehouse != nil {
		for _, f := range m.Gatehouse.Sources {
			if f.Name == source {
				return *f
			}
		}
	}
	return SourceFeatures{Name: source}
}

// WithoutSettings is the document as Hasura knows it.
func (m *Metadata) WithoutSettings() *Metadata {
	c := *m
	c.Gatehouse = nil
	return &c
}

// KeepSettings takes over the settings of the document that m replaces when m says nothing about them. Those of a source
// that goes go with it.
func (m *Metadata) KeepSettings(replaced *Metadata) {
	if m.Gatehouse != nil || replaced.Gatehouse == nil {
		return
	}
	m.Gatehouse = &Settings{Sources: without(replaced.Gatehouse.Sources, func(f *SourceFeatures) bool {
		return replaced.Source(f.Name) != nil && m.Source(f.Name) == nil
	})}
}

// SourceFeaturesObject names a source's settings.
func SourceFeaturesObject(source string) ObjectID {
	return globalObject("gatehouse_source_features", source)
}

// SourceFeaturesDefinition is a source's settings as an inconsistency shows them.
func SourceFeaturesDefinition(f *SourceFeatures) json.RawMessage {
	return encode(sourceFeaturesCodec, *f)
}

// withoutFeatures is the settings less those of the sources that match.
func (s *Settings) withoutFeatures(match func(source string) bool) *Settings {
	if s == nil {
		return nil
	}
	return &Settings{Sources: without(s.Sources, func(f *SourceFeatures) bool { return match(f.Name) })}
}

// renamed is the settings after a source got another name.
func (s *Settings) renamed(from, to string) *Settings {
	if s == nil {
		return nil
	}
	return &Settings{Sources: mapped(s.Sources, func(f SourceFeatures) SourceFeatures {
		if f.Name == from {
			f.Name = to
		}
		return f
	})}
}

// setSourceFeatures switches features of a source on or off; those it does not name stay as they are.
type setSourceFeatures struct {
	source                                                   string
	nestedUpdates, groupBy, upsertOnIndexes, scalarFunctions *bool
}

var setSourceFeaturesArgs = object("GatehouseSetSourceFeatures",
	sourceField(func(a *setSourceFeatures) *string { return &a.source }),
	mayRef("nested_updates", boolean, func(a *setSourceFeatures) **bool { return &a.nestedUpdates }),
	mayRef("group_by", boolean, func(a *setSourceFeatures) **bool { return &a.groupBy }),
	mayRef("upsert_on_indexes", boolean, func(a *setSourceFeatures) **bool { return &a.upsertOnIndexes }),
	mayRef("scalar_functions", boolean, func(a *setSourceFeatures) **bool { return &a.scalarFunctions }),
)

func (a setSourceFeatures) mutation() Mutation {
	source := orDefault(a.source)
	return Mutation{
		Object: SourceFeaturesObject(source), Source: source,
		Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
			switch s := m.Source(source); {
			case s == nil:
				return nil, NoSource(source)
			case s.Foreign != nil:
				return nil, fault.New(fault.NotSupported, "", "source %q is of kind %q, which is not supported", source, s.Kind)
			}
			f := m.Features(source)
			for _, one := range []struct{ to, given *bool }{
				{&f.NestedUpdates, a.nestedUpdates}, {&f.GroupBy, a.groupBy}, {&f.UpsertOnIndexes, a.upsertOnIndexes}, {&f.ScalarFunctions, a.scalarFunctions},
			} {
				if one.given != nil {
					*one.to = *one.given
				}
			}
			m = m.edit()
			others := m.Gatehouse.withoutFeatures(func(name string) bool { return name == source })
			if others == nil {
				others = &Settings{}
			}
			m.Gatehouse = &Settings{Sources: append(slices.Clip(others.Sources), &f)}
			return m, nil
		},
	}
}

func init() {
	register("gatehouse_set_source_features", define(setSourceFeaturesArgs, setSourceFeatures.mutation))
}
