package translate

// Tag appends to every statement of steps the comment that of gives for its source and root field; "" appends nothing.
// What is joined from other sources stays as it is.
func Tag(steps []Step, of func(source, field string) string) {
	t := tagger{of: of, done: map[*Statement]bool{}}
	t.steps(steps, "")
}

// TagLive is Tag for a subscription's polls.
func TagLive(live *Live, of func(source, field string) string) {
	field := ""
	if len(live.Steps) > 0 {
		field = live.Steps[0].Alias
	}
	for i := range live.Polls {
		live.Polls[i].SQL += of(live.Polls[i].Source, field)
	}
	if live.Stream != nil && live.Stream.Opening != nil {
		live.Stream.Opening.SQL += of(live.Stream.Opening.Source, field)
	}
}

type tagger struct {
	of func(source, field string) string
	// done: a statement that stands at two places is one.
	done map[*Statement]bool
}

func (t *tagger) steps(steps []Step, under string) {
	for i := range steps {
		s := &steps[i]
		field := under + s.Alias
		if s.IsGroup {
			t.steps(s.Group, field+".") // as Hasura names the fields of a namespace
			continue
		}
		comment := ""
		if s.Source != "" {
			comment = t.of(s.Source, field)
		}
		if comment != "" {
			t.statement(s.Read, comment)
			t.write(s.Write, comment)
		}
	}
}

func (t *tagger) write(w *Write, comment string) {
	if w == nil {
		return
	}
	t.statements(w.Statements, comment)
	t.statements(w.Answers, comment)
	t.program(w.Insert, comment)
	for _, p := range w.Programs {
		t.program(p, comment)
	}
	for _, choice := range w.Choices {
		t.write(choice, comment)
	}
}

func (t *tagger) program(p *InsertProgram, comment string) {
	if p == nil {
		return
	}
	for i := range p.Steps {
		t.statement(p.Steps[i].Statement, comment)
	}
	t.statement(p.One, comment)
	for i := range p.Fields {
		t.statements(p.Fields[i].Rows, comment)
		t.statement(p.Fields[i].List, comment)
	}
}

func (t *tagger) statements(all []*Statement, comment string) {
	for _, s := range all {
		t.statement(s, comment)
	}
}

func (t *tagger) statement(s *Statement, comment string) {
	if s != nil && !t.done[s] {
		t.done[s] = true
		s.SQL += comment
	}
}
