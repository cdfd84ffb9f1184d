"""A reasoning parser for the tests, given to vLLM as a plugin: takes a reply's first sentence for reasoning.
SmolLM2 does not reason, and what is tested is how reasoning travels, not what it is."""

from vllm.reasoning import ReasoningParser, ReasoningParserManager


@ReasoningParserManager.register_module("first_sentence")
class FirstSentence(ReasoningParser):
    def is_reasoning_end(self, input_ids):
        return True  # so that a schema holds from the first token on

    def extract_content_ids(self, input_ids):
        return input_ids

    def extract_reasoning(self, model_output, request):
        reasoning, found, content = model_output.partition(". ")
        return (reasoning + ".", content) if found else (None, model_output)

    def extract_reasoning_streaming(self, *_):
        return None
