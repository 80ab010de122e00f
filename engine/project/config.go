package project

import (
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

const configFile = "config.yaml"

// Config is a project's config.yaml, its directories resolved.
type Config struct {
	// Dir is the project's directory.
	Dir string
	// Version is the layout: 3, or 2 for projects from before there were several databases.
	Version     int
	Endpoint    string
	AdminSecret string
	// MetadataFile is set when the whole document is kept in one file.
	MetadataDir, MetadataFile, MigrationsDir, SeedsDir string
}

// ReadConfig reads the project's config.yaml. A directory without one is a project with Hasura's defaults.
func ReadConfig(dir string) (*Config, error) {
	var file struct {
		Version       *int   `yaml:"version"`
		Endpoint      string `yaml:"endpoint"`
		AdminSecret   string `yaml:"admin_secret"`
		AccessKey     string `yaml:"access_key"`
		MetadataDir   string `yaml:"metadata_directory"`
		MetadataFile  string `yaml:"metadata_file"`
		MigrationsDir string `yaml:"migrations_directory"`
		SeedsDir      string `yaml:"seeds_directory"`
	}
	name := filepath.Join(dir, configFile)
	data, err := os.ReadFile(name)
	switch {
	case os.IsNotExist(err):
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, plain(err))
	default:
		if err := yaml.Unmarshal(data, &file); err != nil {
			t := tree{name: dir}
			return nil, t.syntax(configFile, err)
		}
	}
	c := &Config{Dir: dir, Version: 3, Endpoint: file.Endpoint, AdminSecret: file.AdminSecret}
	if c.AdminSecret == "" {
		c.AdminSecret = file.AccessKey
	}
	if file.Version != nil {
		c.Version = *file.Version
	}
	if c.Version != 2 && c.Version != 3 {
		return nil, fmt.Errorf("%s: version %d of the project's layout is not known; versions 2 and 3 are (`hasura scripts update-project-v3` brings an older project up)", name, c.Version)
	}
	at := func(given, fallback string) string {
		if given == "" {
			given = fallback
		}
		if filepath.IsAbs(given) {
			return given
		}
		return filepath.Join(dir, given)
	}
	c.MetadataDir, c.MigrationsDir, c.SeedsDir = at(file.MetadataDir, "metadata"), at(file.MigrationsDir, "migrations"), at(file.SeedsDir, "seeds")
	if file.MetadataFile != "" {
		c.MetadataFile = at(file.MetadataFile, "")
	}
	return c, nil
}
