// Command routes asks Alertmanager's own packages where alerts go: as amtool does, but many in one process.
// Standard input has a question a line, standard output its answer.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"slices"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
)

// question holds one of: a configuration with the alerts to route, matchers to read, a pattern with the texts to match.
type question struct {
	Config   string           `json:"config"`
	Alerts   []model.LabelSet `json:"alerts"`
	Matchers *string          `json:"matchers"`
	Pattern  *string          `json:"pattern"`
	Texts    []string         `json:"texts"`
}

type routed struct {
	Receiver string            `json:"receiver"`
	GroupBy  []model.LabelName `json:"groupBy"`
}

type matcher struct {
	Name     string `json:"name"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
}

type answer struct {
	Error    string     `json:"error,omitempty"`
	Routed   [][]routed `json:"routed,omitempty"`
	Matchers []matcher  `json:"matchers,omitempty"`
	Matches  []bool     `json:"matches,omitempty"`
}

func main() {
	// As alertmanager and amtool do it where no feature is asked for.
	logger := promslog.NewNopLogger()
	flags, err := featurecontrol.NewFlags(logger, "")
	if err != nil {
		log.Fatal(err)
	}
	compat.InitFromFlags(logger, flags)

	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	answers := json.NewEncoder(os.Stdout)
	for questions.More() {
		var asked question
		if err := questions.Decode(&asked); err != nil {
			log.Fatal(err)
		}
		said, err := reply(asked)
		if err != nil {
			said = answer{Error: err.Error()}
		}
		if err := answers.Encode(said); err != nil {
			log.Fatal(err)
		}
	}
}

func reply(asked question) (answer, error) {
	if asked.Matchers != nil {
		return read(*asked.Matchers)
	}
	if asked.Pattern != nil {
		return match(*asked.Pattern, asked.Texts)
	}
	return route(asked.Config, asked.Alerts)
}

func route(text string, alerts []model.LabelSet) (answer, error) {
	loaded, err := config.Load(text)
	if err != nil {
		return answer{}, err
	}
	tree := dispatch.NewRoute(loaded.Route, nil)
	said := answer{}
	for _, alert := range alerts {
		reached := []routed{}
		for _, node := range tree.Match(alert) {
			names := []model.LabelName{}
			for name := range node.RouteOpts.GroupBy {
				names = append(names, name)
			}
			slices.Sort(names)
			reached = append(reached, routed{Receiver: node.RouteOpts.Receiver, GroupBy: names})
		}
		said.Routed = append(said.Routed, reached)
	}
	return said, nil
}

func read(text string) (answer, error) {
	found, err := compat.Matchers(text, "test")
	if err != nil {
		return answer{}, err
	}
	said := answer{Matchers: []matcher{}}
	for _, each := range found {
		said.Matchers = append(said.Matchers, matcher{each.Name, each.Type.String(), each.Value})
	}
	return said, nil
}

func match(pattern string, texts []string) (answer, error) {
	whole, err := labels.NewMatcher(labels.MatchRegexp, "label", pattern)
	if err != nil {
		return answer{}, err
	}
	said := answer{}
	for _, text := range texts {
		said.Matches = append(said.Matches, whole.Matches(text))
	}
	return said, nil
}
