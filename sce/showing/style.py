"""How figures look: the part of the configuration under ``figures``, checked without a plotting library."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from sce.files.contracts import Contract
from sce.files.values import Two

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]


class FigureStyle(Contract):
    """How figures look. The default colours follow Okabe and Ito's, which colour-blind readers can
    distinguish; those of models are the page's. The two options differ in lightness too,
    so that a grey print still shows the difference."""

    option_colours: Two[Colour] = ("#0072B2", "#E69F00")
    missing_colour: Colour = "#8C8C8C"
    valid_colour: Colour = "#000000"
    invalid_colour: Colour = "#B3361B"
    model_colours: list[Colour] = Field(
        ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#B07F00", "#56B4E9", "#444B54", "#7A4FB5"], min_length=1
    )
    dpi: int = Field(150, ge=72, le=300)
    font_size: float = Field(8, ge=6, le=12)
    max_arrows: int = Field(80, ge=0, le=100_000)
    sample_arrows: int = Field(40, ge=0, le=100_000)
    max_panels: int = Field(24, ge=1, le=1000)

    @model_validator(mode="after")
    def _colours_differ(self):
        """Raises ValueError where two things that only their colours distinguish have the same one."""
        apart = {
            "option_colours and missing_colour": [*self.option_colours, self.missing_colour],
            "valid_colour and invalid_colour": [self.valid_colour, self.invalid_colour],
            "model_colours": self.model_colours,
        }
        for fields, colours in apart.items():
            if len({colour.casefold() for colour in colours}) < len(colours):
                raise ValueError(f"{fields} that differ; not {', '.join(colours)}")
        return self
