package translate

import (
	"slices"

	"gatehouse/engine/pgsql"
	"gatehouse/engine/plan"
)

// Writes of a caller in several roles; plan decided the rules, this says them in SQL.

// choose are an insert's alternatives, one a role.
func choose(n *plan.Choice, o Options) (*Write, error) {
	w := &Write{}
	for _, ins := range n.Inserts {
		one, err := write(plan.Root{Node: ins}, o)
		if err != nil {
			return nil, err
		}
		w.Choices = append(w.Choices, one)
		w.Path = one.Path
	}
	return w, nil
}

// updateUnder is an update in which each row is changed under one of several rules. What a rule's filter says of a row
// before the change is read, and the row locked, ahead of it; the rows are found again by primary key, which holds also
// when somebody else changes them meanwhile (PG docs: transaction-iso, read committed).
func (t *translator) updateUnder(n *plan.Update) (*pgsql.Update, pgsql.Ident) {
	before := t.alias("s")
	locked := &pgsql.Select{From: pgsql.Table{Name: name(n.Table.Name), As: target}, Where: conjunction(t.predicate(n.Where, about(target))), ForUpdate: true}
	u := &pgsql.Update{
		With: []pgsql.CTE{{Name: before, Query: locked}}, Table: name(n.Table.Name), As: target, From: pgsql.Table{Name: pgsql.Name{Name: before}},
	}
	for _, column := range n.Table.Catalog.PrimaryKey.Columns {
		as := t.alias("k")
		locked.Output = append(locked.Output, pgsql.Output{Expr: pgsql.Column{Table: target, Name: pgsql.Ident(column)}, As: as})
		u.Where = conjunction(u.Where, pgsql.Binary{Left: pgsql.Column{Table: target, Name: pgsql.Ident(column)}, Op: "=", Right: pgsql.Column{Table: before, Name: as}})
	}
	exclusive := false
	for _, r := range n.Rules {
		exclusive = exclusive || len(r.Presets) > 0
	}
	admits := make([]pgsql.Expr, len(n.Rules))
	var passed, earlier pgsql.Or
	for i, r := range n.Rules {
		as := t.alias("r")
		locked.Output = append(locked.Output, pgsql.Output{Expr: holds(t.condition(r.Filter, about(target))), As: as})
		admits[i] = pgsql.Column{Table: before, Name: as}
		under := conjunction(admits[i])
		if exclusive && len(earlier) > 0 {
			under = conjunction(under, pgsql.Not{Expr: slices.Clone(earlier)})
		}
		if r.Check != nil {
			under = conjunction(under, holds(t.condition(r.Check, about(target))))
		}
		passed, earlier = append(passed, under), append(earlier, admits[i])
	}
	t.setUnder(u, n, admits)
	var verdict pgsql.Ident
	u.Returning, verdict = t.writtenColumns(n.Table, passed)
	return u, verdict
}

// setUnder gives every column its new value; one that not every rule sets has its own where the row's rule does not.
func (t *translator) setUnder(u *pgsql.Update, n *plan.Update, admits []pgsql.Expr) {
	values := map[string]pgsql.Expr{}
	var order []string
	for _, c := range n.Changes {
		if values[c.Column.Name] == nil {
			order = append(order, c.Column.Name)
		}
		values[c.Column.Name] = t.change(c)
	}
	preset := map[string]bool{}
	for _, r := range n.Rules {
		for _, p := range r.Presets {
			if !preset[p.Column.Name] {
				preset[p.Column.Name] = true
				order = append(order, p.Column.Name)
			}
		}
	}
	for _, column := range order {
		if preset[column] { // and no client gives it: a rule that presets a column does not cover it
			value := pgsql.Expr(pgsql.Column{Table: target, Name: pgsql.Ident(column)})
			for i := len(n.Rules) - 1; i >= 0; i-- {
				own := pgsql.Expr(pgsql.Column{Table: target, Name: pgsql.Ident(column)})
				for _, p := range n.Rules[i].Presets {
					if p.Column.Name == column {
						own = t.value(p.Value, p.Column.Type, false, p.Path)
					}
				}
				value = pgsql.Case{When: admits[i], Then: own, Else: value}
			}
			values[column] = value
		}
		u.Set = append(u.Set, pgsql.Assignment{Column: pgsql.Ident(column), Value: values[column]})
	}
}

// holds is a condition that is false where it is null.
func holds(e pgsql.Expr) pgsql.Expr { return call("coalesce", e, pgsql.Bool(false)) }
