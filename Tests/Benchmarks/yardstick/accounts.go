package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v4"
)

// account has the fields of steward.customer.v1.Account.
type account struct {
	ID                    string          `json:"id"`
	Version               int64           `json:"version"`
	CreatedAt             time.Time       `json:"created_at"`
	UpdatedAt             time.Time       `json:"updated_at"`
	DeletedAt             *time.Time      `json:"deleted_at,omitempty"`
	OwnerID               string          `json:"owner_id"`
	DepartmentID          *string         `json:"department_id,omitempty"`
	Custom                json.RawMessage `json:"custom,omitempty"`
	DisplayName           string          `json:"display_name"`
	ExternalID            *string         `json:"external_id,omitempty"`
	Industry              *string         `json:"industry,omitempty"`
	Phone                 *string         `json:"phone,omitempty"`
	Email                 *string         `json:"email,omitempty"`
	Website               *string         `json:"website,omitempty"`
	TaxID                 *string         `json:"tax_id,omitempty"`
	Street                *string         `json:"street,omitempty"`
	City                  *string         `json:"city,omitempty"`
	Region                *string         `json:"region,omitempty"`
	PostalCode            *string         `json:"postal_code,omitempty"`
	CountryCode           *string         `json:"country_code,omitempty"`
	AnnualRevenueMinor    *int64          `json:"annual_revenue_minor,omitempty"`
	AnnualRevenueCurrency *string         `json:"annual_revenue_currency,omitempty"`
	ParentAccountID       *string         `json:"parent_account_id,omitempty"`
	FollowUpAt            *time.Time      `json:"follow_up_at,omitempty"`
	Description           *string         `json:"description,omitempty"`
}

// Ids as text: PostgreSQL writes them faster than pgtype does.
const accountColumns = `id::text, version, created_at, updated_at, deleted_at, owner_id::text, department_id::text,
	custom, display_name, external_id, industry, phone, email, website, tax_id, street, city, region, postal_code, country_code,
	annual_revenue_minor, annual_revenue_currency, parent_account_id::text, follow_up_at, description`

func (a *account) scan(row pgx.Row) error {
	return row.Scan(&a.ID, &a.Version, &a.CreatedAt, &a.UpdatedAt, &a.DeletedAt, &a.OwnerID, &a.DepartmentID,
		&a.Custom, &a.DisplayName, &a.ExternalID, &a.Industry, &a.Phone, &a.Email, &a.Website, &a.TaxID, &a.Street, &a.City,
		&a.Region, &a.PostalCode, &a.CountryCode, &a.AnnualRevenueMinor, &a.AnnualRevenueCurrency, &a.ParentAccountID,
		&a.FollowUpAt, &a.Description)
}

// statements are those of one tenant, whose schema they name.
type statements struct {
	get, list, create string
}

func accountStatements(schema string) *statements {
	table := pgx.Identifier{schema, "accounts"}.Sanitize()
	return &statements{
		get: fmt.Sprintf(`SELECT %s FROM %s WHERE id = $1 AND deleted_at IS NULL`, accountColumns, table),
		list: fmt.Sprintf(`SELECT %s FROM %s WHERE owner_id = $1 AND deleted_at IS NULL
			ORDER BY created_at DESC, id DESC LIMIT %d`, accountColumns, table, pageSize),
		create: fmt.Sprintf(`INSERT INTO %s (id, version, created_at, updated_at, owner_id, department_id, custom, display_name,
			external_id, industry, phone, email, website, tax_id, street, city, region, postal_code, country_code,
			annual_revenue_minor, annual_revenue_currency, parent_account_id, follow_up_at, description)
			VALUES (gen_random_uuid(), 1, now(), now(), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
			$16, $17, $18, $19, $20) RETURNING %s`, table, accountColumns),
	}
}

func (a *account) values() []interface{} {
	return []interface{}{a.OwnerID, a.DepartmentID, a.Custom, a.DisplayName, a.ExternalID, a.Industry, a.Phone, a.Email, a.Website,
		a.TaxID, a.Street, a.City, a.Region, a.PostalCode, a.CountryCode, a.AnnualRevenueMinor, a.AnnualRevenueCurrency,
		a.ParentAccountID, a.FollowUpAt, a.Description}
}
