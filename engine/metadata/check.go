package metadata

// Check refuses what no document may hold, whatever the databases: tracked objects of Gatehouse's own schema.
func (m *Metadata) Check() error {
	for _, s := range m.Sources {
		for _, t := range s.Tables {
			if err := refuseIdentity(t.Name); err != nil {
				return err
			}
			for _, c := range t.ComputedFields {
				if err := refuseIdentity(c.Function); err != nil {
					return err
				}
			}
		}
		for _, f := range s.Functions {
			if err := refuseIdentity(f.Name); err != nil {
				return err
			}
		}
	}
	return nil
}
