"""Does feedback help? While its SCE is on the grid and invalid, a model learns that it is, and what a fresh
copy answered there, and is asked for another."""

from collections import Counter

from sce.asking.conversations import prediction, sce_record
from sce.asking.messages import continued
from sce.asking.protocol import Asked, Step
from sce.engines import About
from sce.experiments.kind import Kind
from sce.experiments.self_modelling import OwnAnswers, SelfModelling
from sce.measuring import outcomes, possible
from sce.measuring.codes import NONE
from sce.measuring.metrics import MAIN_METRIC
from sce.reading import parsing
from sce.wordings import prompts
from sce.wordings.names import Wordings

prompts.add_prompt_kind("feedback", {"target", "outcome"}, {"answer"}, asks={"text"})


class TryAgain(Step):
    """``wordings_of``: condition -> the prompts that ask for another SCE, each up to ``tries`` times."""

    wordings = ()
    tokens_out = {"feedback": 80}

    def __init__(self, wordings_of, tries):
        self.wordings_of, self.tries = wordings_of, tries

    async def after_sce(self, interview, explained):
        dataset, answered = interview.dataset, explained.answered
        for prompt in self.wordings_of.get(explained.condition, []):
            messages, entry = explained.messages, explained.entry
            for turn in range(1, self.tries + 1):
                revised = sce_record(entry, dataset)
                if revised is None or dataset.locate(revised) is None:
                    break
                verdict = prediction(await interview.ask_question(interview.main, revised), dataset)
                if verdict != answered.answer:  # valid, or not known
                    break
                text = prompts.follow_up(prompt, dataset, answered.answer, outcome=verdict)
                messages = continued(messages, entry, text)
                about = About(
                    "feedback", prompt.name, answered.record, answered.answer, explained.schema,
                    {"turn": turn}, _by_control,
                )  # fmt: skip
                entry = await interview.ask(messages, about)
                kind = f"feedback_{turn}"
                yield Asked(kind, prompt.name, explained.condition, answered.point_id, entry)

    def follow_an_sce(self, condition):
        return Counter(feedback=self.tries * len(self.wordings_of.get(condition, [])))


def _by_control(respondent, body) -> str:
    """The reply to feedback: the nearest counterfactual where it is right this time, else the start."""
    start = respondent.dataset.locate(body["record"])
    right = respondent.is_right(f"feedback {body['more']['turn']}", body["record"])
    return respondent.written(respondent.nearest(start) if right else start)


class Feedback(Kind):
    """By condition and wording of the feedback (the column metric), over points whose first SCE can be
    judged: ``valid_within_T``, the share with a valid SCE after at most T times feedback (0: the first SCE),
    ``excess_within_T``, the mean excess of that SCE under Gower's distance (``excess_l1_within_T`` and so on
    under others), and ``tries``, the mean number of times that feedback was given until it helped, over the
    points where it did."""

    name = "feedback"
    draws_with = "sce.showing.feedback_figure"
    fields = {"feedback": (Wordings, [])}
    wordings = {"feedback": "feedback"}
    sections = {"self_modelling": SelfModelling}
    about_sces = True

    def asks(self, pair):
        wordings = pair.by_condition("feedback")
        return {"wordings_of": wordings, "tries": pair.config.self_modelling.tries} if wordings else {}

    def sends(self, asks):
        return [name for names in asks["wordings_of"].values() for name in names]

    def step(self, asks, find, tasks):
        wordings = {c: [find(name) for name in names] for c, names in asks["wordings_of"].items()}
        return TryAgain(wordings, asks["tries"])

    def subjects(self, experiment, config, find):
        return experiment.conditions if experiment.feedback else []

    def measure(self, given):
        lines = []
        under = {metric: OwnAnswers(given, metric) for metric in given.metrics}
        answers = under[given.metrics[0]]  # for what depends on no distance
        turns = range(1, given.settings["tries"] + 1)
        told = {turn: answers.replies(f"feedback_{turn}") for turn in turns}
        for condition, wordings in given.settings["wordings_of"].items():
            for wording in wordings:
                solved = _solved(answers, _sequences(answers, condition, wording, told))
                lines += _lines(given, under, condition, wording, solved)
        return outcomes.table(lines)


def _lines(given, under, condition, wording, solved):
    def mean(score, values, points, ends=possible.SHARE):
        about = given.scoring | {"points": list(points), "within": ends}
        return outcomes.mean(condition, wording, score, values, **about)

    taken = {point: found[0] for point, found in solved.items() if found and found[0] > 0}
    lines = [mean("tries", list(taken.values()), taken, possible.FROM_ZERO)]
    for limit in range(given.settings["tries"] + 1):
        within = {point: found[1] for point, found in solved.items() if found and found[0] <= limit}
        lines.append(mean(f"valid_within_{limit}", [point in within for point in solved], solved))
        for metric, answers in under.items():
            score = "excess" if metric == MAIN_METRIC else f"excess_{metric}"
            excess = [answers.excess(point, record) for point, record in within.items()]
            ends = possible.of_distances(metric)
            lines.append(mean(f"{score}_within_{limit}", excess, within, ends))
    return lines


def _solved(answers, sequences):
    """Point -> (times feedback was given, record) of its first valid SCE, or None."""
    return {
        point: next(((turn, record) for turn, record in tried if answers.is_valid(point, record)), None)
        for point, tried in sequences.items()
    }


def _sequences(answers, condition, wording, told):
    """Point -> [(times feedback was given, record)] of its SCEs in turn, for points whose first can be
    judged."""
    first = answers.sce[(answers.sce["condition"] == condition) & answers.sce["sce_point_id"].notna()]
    found = {
        int(row.point_id): [(0, answers.dataset.record(int(row.sce_point_id)))]
        for row in first.itertuples()
        if answers.codes[row.sce_point_id] != NONE
    }
    for turn, rows in told.items():
        rows = rows[(rows["condition"] == condition) & (rows["wording"] == wording)]
        for point, text in zip(rows["point_id"], rows["text"], strict=True):
            parsed = parsing.parse_sce(text if isinstance(text, str) else None, answers.dataset)
            if parsed.status == "ok" and point in found:
                found[point].append((turn, parsed.value))
    return found


KIND = Feedback()
