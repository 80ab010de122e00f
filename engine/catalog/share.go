package catalog

import "slices"

// Share makes what is equal in c and an earlier catalog of the same database the same object, that of the earlier one, so
// that what did not change is told by its address and is not kept twice. It gives the catalog to go on with: c, which must
// be nobody else's yet, or prev when nothing at all is different.
func (c *Catalog) Share(prev *Catalog) *Catalog {
	if prev == nil || prev == c {
		return c
	}
	s := &sharing{old: prev.types, now: c.types, same: map[uint32]bool{}}
	for oid, t := range c.types {
		if s.isSame(oid) {
			c.types[oid] = s.old[oid]
		} else {
			s.redirect(t)
		}
	}
	isSame := c.ServerVersion == prev.ServerVersion && c.Fingerprint == prev.Fingerprint && len(c.Tables) == len(prev.Tables) && len(c.Functions) == len(prev.Functions)
	for name, t := range c.Tables {
		old := prev.Tables[name]
		if t == old {
			continue
		}
		for _, col := range t.Columns {
			col.Type = s.of(col.Type)
		}
		if old != nil && t.equal(old) {
			c.Tables[name] = old
		} else {
			isSame = false
		}
	}
	for name, list := range c.Functions {
		old := prev.Functions[name]
		if len(list) == len(old) && len(list) > 0 && list[0] == old[0] {
			continue
		}
		for _, f := range list {
			f.Returns = s.of(f.Returns)
			for i := range f.Args {
				f.Args[i].Type = s.of(f.Args[i].Type)
			}
		}
		if slices.EqualFunc(list, old, (*Function).equal) {
			c.Functions[name] = old
		} else {
			isSame = false
		}
	}
	if isSame {
		return prev
	}
	return c
}

// sharing finds the types that are what they were.
type sharing struct {
	old, now map[uint32]*Type
	same     map[uint32]bool
}

func (s *sharing) isSame(oid uint32) bool {
	same, known := s.same[oid]
	if !known {
		a, b := s.now[oid], s.old[oid]
		same = a == b || b != nil && a.OID == b.OID && a.Name == b.Name && a.Kind == b.Kind && a.Table == b.Table && slices.Equal(a.EnumValues, b.EnumValues) &&
			s.pointsAtSame(a.Elem, b.Elem) && s.pointsAtSame(a.Base, b.Base)
		s.same[oid] = same
	}
	return same
}

func (s *sharing) pointsAtSame(a, b *Type) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.OID == b.OID && (a == b || s.isSame(a.OID))
}

// of is the type to use for t.
func (s *sharing) of(t *Type) *Type {
	if t != nil && s.now[t.OID] != nil && s.isSame(t.OID) {
		return s.old[t.OID]
	}
	return t
}

func (s *sharing) redirect(t *Type) { t.Elem, t.Base = s.of(t.Elem), s.of(t.Base) }

// equal tells whether two tables are the same, their types being shared.
func (t *Table) equal(o *Table) bool {
	return t.Name == o.Name && t.OID == o.OID && t.Kind == o.Kind && t.Comment == o.Comment &&
		t.Insertable == o.Insertable && t.Updatable == o.Updatable && t.Deletable == o.Deletable && t.HasTriggers == o.HasTriggers && t.HasChildren == o.HasChildren &&
		slices.EqualFunc(t.Columns, o.Columns, func(a, b *Column) bool { return *a == *b }) &&
		(t.PrimaryKey == nil) == (o.PrimaryKey == nil) && (t.PrimaryKey == nil || t.PrimaryKey.equal(o.PrimaryKey)) &&
		slices.EqualFunc(t.UniqueKeys, o.UniqueKeys, (*Key).equal) &&
		slices.EqualFunc(t.UniqueIndexes, o.UniqueIndexes, func(a, b *Index) bool {
			return a.Name == b.Name && a.Predicate == b.Predicate && slices.Equal(a.Elements, b.Elements)
		}) &&
		slices.EqualFunc(t.ForeignKeys, o.ForeignKeys, func(a, b *ForeignKey) bool {
			return a.Name == b.Name && a.OID == b.OID && a.To == b.To && slices.Equal(a.Columns, b.Columns) && slices.Equal(a.ToColumns, b.ToColumns)
		})
}

func (k *Key) equal(o *Key) bool {
	return k.Name == o.Name && k.OID == o.OID && slices.Equal(k.Columns, o.Columns)
}

func (f *Function) equal(o *Function) bool {
	return f.Name == o.Name && f.OID == o.OID && f.Comment == o.Comment && f.Volatility == o.Volatility && f.HasVariadic == o.HasVariadic && f.HasOut == o.HasOut &&
		f.Returns == o.Returns && f.ReturnsSet == o.ReturnsSet && slices.Equal(f.Args, o.Args)
}
