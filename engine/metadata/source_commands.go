package metadata

import "gatehouse/engine/fault"

type sourceArgs struct {
	source        Source
	configuration *SourceConfiguration
	replace       bool
	cascade       bool
	newName       string
}

var addSourceArgs = object("AddSource",
	must("name", nonEmpty, func(a *sourceArgs) *string { return &a.source.Name }),
	must("configuration", configurationCodec, func(a *sourceArgs) *SourceConfiguration { return &a.source.Configuration }),
	mayRef("customization", customizationCodec, func(a *sourceArgs) **SourceCustomization { return &a.source.Customization }),
	flag("replace_configuration", func(a *sourceArgs) *bool { return &a.replace }),
	mayRef("health_check", healthCheckCodec, func(a *sourceArgs) **HealthCheck { return &a.source.HealthCheck }),
	ignored[sourceArgs]("kind"),
)

func (a sourceArgs) add() Mutation {
	a.source.Kind = "postgres"
	return Mutation{
		Object: SourceObject(a.source.Name), Source: a.source.Name,
		Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
			i := sourceIndex(m, a.source.Name)
			if i >= 0 && !a.replace {
				return nil, fault.New(fault.AlreadyExists, "", "source with name %q already exists", a.source.Name)
			}
			m = m.edit()
			if i < 0 {
				m.Sources = append(m.Sources, &a.source)
				return m, nil
			}
			s := *m.Sources[i]
			s.Configuration, s.Customization = a.source.Configuration, a.source.Customization
			if a.source.HealthCheck != nil {
				s.HealthCheck = a.source.HealthCheck
			}
			m.Sources[i] = &s
			return m, nil
		},
	}
}

var updateSourceArgs = object("UpdateSource",
	must("name", nonEmpty, func(a *sourceArgs) *string { return &a.source.Name }),
	mayRef("configuration", configurationCodec, func(a *sourceArgs) **SourceConfiguration { return &a.configuration }),
	mayRef("customization", customizationCodec, func(a *sourceArgs) **SourceCustomization { return &a.source.Customization }),
	mayRef("health_check", healthCheckCodec, func(a *sourceArgs) **HealthCheck { return &a.source.HealthCheck }),
)

func (a sourceArgs) update() Mutation {
	return Mutation{
		Object: SourceObject(a.source.Name), Source: a.source.Name,
		Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
			return m.withSource(a.source.Name, func(s *Source) error {
				if a.configuration != nil {
					s.Configuration = *a.configuration
				}
				if a.source.Customization != nil {
					s.Customization = a.source.Customization
				}
				if a.source.HealthCheck != nil {
					s.HealthCheck = a.source.HealthCheck
				}
				return nil
			})
		},
	}
}

var dropSourceArgs = object("DropSource",
	must("name", nonEmpty, func(a *sourceArgs) *string { return &a.source.Name }),
	flag("cascade", func(a *sourceArgs) *bool { return &a.cascade }),
)

func (a sourceArgs) drop() Mutation {
	return Mutation{
		Object: SourceObject(a.source.Name),
		Apply: func(m *Metadata, facts Facts) (*Metadata, error) {
			if m.Source(a.source.Name) == nil {
				return nil, NoSource(a.source.Name)
			}
			var others []Dependent
			for _, d := range m.Dependents(facts, Ref{Source: a.source.Name}) {
				if d.Source != a.source.Name {
					others = append(others, d)
				}
			}
			if len(others) > 0 && !a.cascade {
				return nil, RefuseDependents(others)
			}
			return m.Without(append(ids(others), SourceObject(a.source.Name))...), nil
		},
	}
}

var renameSourceArgs = object("RenameSource",
	must("name", nonEmpty, func(a *sourceArgs) *string { return &a.source.Name }),
	must("new_name", nonEmpty, func(a *sourceArgs) *string { return &a.newName }),
)

func (a sourceArgs) rename() Mutation {
	return Mutation{
		Object: SourceObject(a.newName), Source: a.newName,
		Apply: func(m *Metadata, _ Facts) (*Metadata, error) {
			i := sourceIndex(m, a.source.Name)
			if i < 0 {
				return nil, fault.New(fault.NotExists, "", "Could not find source with name %q", a.source.Name)
			}
			if m.Source(a.newName) != nil {
				return nil, fault.New(fault.AlreadyExists, "", "Source with name %q already exists", a.newName)
			}
			m = m.edit()
			s := *m.Sources[i]
			s.Name = a.newName
			if s.Foreign != nil {
				s.Foreign = with(s.Foreign, "name", quoteJSON(a.newName))
			}
			m.Sources[i] = &s
			m.Gatehouse = m.Gatehouse.renamed(a.source.Name, a.newName)
			follow := func(r Relationship) Relationship {
				if manual := r.Using.Manual; manual != nil && manual.RemoteSource == a.source.Name {
					c := *manual
					c.RemoteSource = a.newName
					r.Using.Manual = &c
				}
				return r
			}
			followRemote := func(o Opaque) Opaque { o.JSON = sourceRenamed(o.JSON, a.source.Name, a.newName); return o }
			m.Sources = mapped(m.Sources, func(s Source) Source {
				s.Tables = mapped(s.Tables, func(t Table) Table {
					t.ObjectRelationships, t.ArrayRelationships = mapped(t.ObjectRelationships, follow), mapped(t.ArrayRelationships, follow)
					t.RemoteRelationships = mapped(t.RemoteRelationships, followRemote)
					return t
				})
				return s
			})
			return m, nil
		},
	}
}

func init() {
	register("add_source", define(addSourceArgs, sourceArgs.add))
	register("update_source", define(updateSourceArgs, sourceArgs.update))
	register("drop_source", define(dropSourceArgs, sourceArgs.drop))
	register("rename_source", define(renameSourceArgs, sourceArgs.rename))
}
