package directory

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// RoleSummary says who holds a role: counts, and the first few by name.
type RoleSummary struct {
	UsersCount           int                   `json:"usersCount"`
	FeaturedUsers        []FeaturedUser        `json:"featuredUsers"`
	ApplicationsCount    int                   `json:"applicationsCount"`
	FeaturedApplications []FeaturedApplication `json:"featuredApplications"`
}

// FeaturedUser is a user in a role's summary.
type FeaturedUser struct {
	ID     string  `json:"id"`
	Avatar *string `json:"avatar"`
	Name   *string `json:"name"`
}

// FeaturedApplication is an application in a role's summary.
type FeaturedApplication struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// RoleSummaries summarises several roles at once, by role id.
func (r Reader) RoleSummaries(ctx context.Context, roleIDs []string) (map[string]RoleSummary, error) {
	type row struct {
		id string
		RoleSummary
	}
	rows, err := many(ctx, r.q, "summarise roles", func(c pgx.CollectableRow) (s row, err error) {
		err = c.Scan(&s.id, &s.UsersCount, &s.FeaturedUsers, &s.ApplicationsCount, &s.FeaturedApplications)
		return s, err
	}, `
select r.id,
       (select count(*) from identity.users_roles ur where ur.role_id = r.id),
       (select coalesce(json_agg(f), '[]') from (
           select u.id, u.avatar, u.name
             from identity.users_roles ur join identity.users u on u.id = ur.user_id
            where ur.role_id = r.id order by ur.created_at, u.id limit 3) f),
       (select count(*) from identity.applications_roles ar where ar.role_id = r.id),
       (select coalesce(json_agg(f), '[]') from (
           select a.id, a.name, a.type
             from identity.applications_roles ar join identity.applications a on a.id = ar.application_id
            where ar.role_id = r.id order by ar.created_at, a.id limit 3) f)
  from identity.roles r where r.id = any($1)`, roleIDs)
	if err != nil {
		return nil, err
	}
	by := make(map[string]RoleSummary, len(rows))
	for _, s := range rows {
		by[s.id] = s.RoleSummary
	}
	return by, nil
}

// RoleUsers lists the users who hold a role, the newest first, with their total.
func (r Reader) RoleUsers(ctx context.Context, roleID string, s Search, p Page) ([]User, int, error) {
	w := newWhere("ur.role_id = ?", roleID)
	w.search(s, userSearchColumns)
	from := ` from identity.users u join identity.users_roles ur on ur.user_id = u.id where ` + w.sql()
	users, err := many(ctx, r.q, "list users of role", scanUser, `select `+userColumns+from+` order by u.created_at desc, u.id`+p.clause(), w.args...)
	if err != nil {
		return nil, 0, err
	}
	n, err := count(ctx, r.q, "count users of role", `select count(*)`+from, w.args...)
	return users, n, err
}

// RoleApplications lists the applications that hold a role, the newest first, with their total.
func (r Reader) RoleApplications(ctx context.Context, roleID string, s Search, p Page) ([]Application, int, error) {
	w := newWhere("ar.role_id = ?", roleID)
	w.search(s, applicationSearchColumns)
	from := ` from identity.applications a join identity.applications_roles ar on ar.application_id = a.id where ` + w.sql()
	apps, err := many(ctx, r.q, "list applications of role", scanApplication, `select `+applicationColumns+from+` order by a.created_at desc, a.id`+p.clause(), w.args...)
	if err != nil {
		return nil, 0, err
	}
	n, err := count(ctx, r.q, "count applications of role", `select count(*)`+from, w.args...)
	return apps, n, err
}
